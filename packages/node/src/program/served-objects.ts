import { PagewireError } from '@pagewire/protocol';
import type { Call, ObjectNumber } from './calls.js';

/** What can be called on an object. */
// Each method checks its own arguments, as it does when a program calls it directly.
// biome-ignore lint/suspicious/noExplicitAny: the arguments come from the other thread as they were given there
export type Methods = Readonly<Record<string, (...args: any[]) => unknown>>;

/** The objects that the pager's thread keeps for the program's thread, by number. */
export class ServedObjects {
  readonly #objects = new Map<ObjectNumber, Methods>();
  #next = 0;

  add(methods: Methods): ObjectNumber {
    const number = this.#next;
    this.#next += 1;
    this.#objects.set(number, methods);
    return number;
  }

  delete(object: ObjectNumber): void {
    this.#objects.delete(object);
  }

  async call({ on, method, args }: Call): Promise<unknown> {
    const methods = this.#objects.get(on);
    if (methods === undefined || !Object.hasOwn(methods, method)) throw new PagewireError('closed', `${method}: its object was closed`);
    return await methods[method]?.(...args);
  }
}
