import type { Operation } from './operation.js';

/** Places that may be left behind before the queue moves up. */
const SLACK = 1024;

/** Operations that wait to be sent, in order. Ones that ended while they waited are skipped. */
export class OperationQueue {
  #items: (Operation | undefined)[] = [];
  #head = 0;

  push(operation: Operation): void {
    this.#items.push(operation);
  }

  /** Puts operations before all others, in the order given. */
  unshift(operations: readonly Operation[]): void {
    this.#items = [...operations, ...this.#items.slice(this.#head)];
    this.#head = 0;
  }

  /** The operation that `next` takes out. */
  peek(): Operation | undefined {
    this.dropEnded();
    return this.#items[this.#head];
  }

  next(): Operation | undefined {
    const operation = this.peek();
    if (operation !== undefined) this.#items[this.#head++] = undefined;
    return operation;
  }

  /** Takes all out, in order. */
  takeAll(): Operation[] {
    const waiting = this.#items.slice(this.#head).filter((operation): operation is Operation => operation?.over === false);
    this.#items = [];
    this.#head = 0;
    return waiting;
  }

  /** Lets go of those at the front that ended: deadlines pass in the order of the queue, so while nothing can be sent it does not grow. */
  dropEnded(): void {
    while (this.#head < this.#items.length && this.#items[this.#head]?.over !== false) this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length || (this.#head > SLACK && this.#head * 2 > this.#items.length)) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  has(operation: Operation): boolean {
    return this.#items.includes(operation, this.#head);
  }
}
