import { type InspectOptions, inspect } from 'node:util';
import { limits, PagewireError } from '@pagewire/protocol';
import { checkCount, checkName, timeoutOf } from './arguments.js';
import type { Obtained, SyncCalls } from './sync-calls.js';
import type { Barrier, HeldLock, HeldPermits, Lock, Semaphore, WaitLimit } from './sync-objects.js';

/** Throws `bad-argument`. */
export function lockOver(calls: SyncCalls, name: string): Lock {
  checkName('lock', name);
  const what = `lock "${name}"`;
  return {
    name,
    acquire: async (options?: WaitLimit) => {
      const { life } = calls;
      return new Held(calls, { what, name, count: 1, life }, await calls.obtain({ kind: 'lock', name }, timeoutOf(options, what)));
    },
  };
}

/** Throws `bad-argument`. */
export function semaphoreOver(calls: SyncCalls, name: string, permits: number): Semaphore {
  checkName('semaphore', name);
  const what = `semaphore "${name}"`;
  checkCount(`the number of permits of ${what}`, permits, limits.maxPermits);
  return {
    name,
    permits,
    acquire: async (options?: WaitLimit & { readonly count?: number }) => {
      const { count = 1 } = options ?? {};
      checkCount(`the count of permits taken from ${what}`, count, permits);
      const { life } = calls;
      const obtained = await calls.obtain({ kind: 'take-permits', name, permits, count }, timeoutOf(options, what));
      return new Held(calls, { what, name, count, life }, obtained);
    },
  };
}

/** Throws `bad-argument`. */
export function barrierOver(calls: SyncCalls, name: string, parties: number): Barrier {
  checkName('barrier', name);
  const what = `barrier "${name}"`;
  checkCount(`the number of parties of ${what}`, parties, limits.maxSyncWaitersPerObject);
  return { name, parties, arrive: async (options?: WaitLimit) => calls.arrive(name, parties, timeoutOf(options, what)) };
}

/** What is held, and since when. */
interface Holding {
  readonly what: string;
  readonly name: string;
  readonly count: number;
  readonly life: number;
}

class Held implements HeldLock, HeldPermits {
  readonly #calls: SyncCalls;
  readonly #holding: Holding;
  readonly #obtained: Obtained;
  #released: Promise<void> | undefined;
  #givenBack = false;

  constructor(calls: SyncCalls, holding: Holding, obtained: Obtained) {
    this.#calls = calls;
    this.#holding = holding;
    this.#obtained = obtained;
  }

  get name(): string {
    return this.#holding.name;
  }

  get count(): number {
    return this.#holding.count;
  }

  get token(): number {
    return this.#obtained.token;
  }

  get abandoned(): boolean {
    return this.#obtained.abandoned;
  }

  get lost(): boolean {
    return !this.#givenBack && this.#livesEnded > 0;
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Everything about it is behind getters, which a console does not show. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { name, count, token, abandoned, lost } = this;
    return `Held ${inspect({ name, count, token, abandoned, lost }, options)}`;
  }

  get #livesEnded(): number {
    return this.#calls.life - this.#holding.life;
  }

  async #release(): Promise<void> {
    const { id, life } = this.#obtained;
    try {
      await this.#calls.giveBack({ id, life });
      this.#givenBack = true;
    } catch (error) {
      if (!(error instanceof PagewireError)) throw error;
      // Where only the close has ended a life, the node left with it by its owner's will, and the next holder is told.
      if (error.code === 'closed' && this.#livesEnded <= 1) return;
      const why = `${this.#holding.what} was lost before it was released, and others may have held it at the same time: ${error.message}`;
      throw new PagewireError(error.code === 'closed' ? 'fenced' : error.code, why, { cause: error });
    }
  }
}
