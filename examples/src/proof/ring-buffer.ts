/** Int32 cells before the slots, and of one slot. */
const [HEAD, TAIL, POPPED, FIRST_SLOT] = [0, 1, 2, 4] as const;
const [SEQUENCE, VALUE, SLOT_CELLS] = [0, 1, 2] as const;

/**
 * A bounded queue of int32 for any number of producers and consumers: Dmitry Vyukov's bounded MPMC queue (1024cores.net). The sequence of a
 * slot says whose turn it is: its own number while it waits for a value, one more while it waits to be taken.
 *
 * Here counters and slots share a page on purpose. On one machine they would be kept apart, a cache line each; where a page takes longer to
 * travel than a push takes to run, whoever has the page should have everything that a push needs, and push and pop several times.
 */
export class RingBuffer {
  readonly #cells: Int32Array;
  readonly #mask: number;

  /** @param capacity a power of two */
  constructor(buffer: SharedArrayBuffer, offset: number, capacity: number) {
    this.#cells = new Int32Array(buffer, offset, RingBuffer.bytes(capacity) / 4);
    this.#mask = capacity - 1;
  }

  static bytes(capacity: number): number {
    return (FIRST_SLOT + capacity * SLOT_CELLS) * Int32Array.BYTES_PER_ELEMENT;
  }

  /** Makes it empty. Nobody uses it meanwhile. */
  reset(): void {
    this.#cells.fill(0);
    for (let slot = 0; slot <= this.#mask; slot += 1) Atomics.store(this.#cells, this.#slot(slot) + SEQUENCE, slot);
  }

  /** How many values were taken since the reset. */
  get popped(): number {
    return Atomics.load(this.#cells, POPPED);
  }

  /** False when it is full. */
  push(value: number): boolean {
    const slot = this.#claim(TAIL, 0);
    if (slot === undefined) return false;
    Atomics.store(this.#cells, slot.at + VALUE, value);
    Atomics.store(this.#cells, slot.at + SEQUENCE, slot.position + 1);
    return true;
  }

  /** Undefined when it is empty. */
  pop(): number | undefined {
    const slot = this.#claim(HEAD, 1);
    if (slot === undefined) return undefined;
    const value = Atomics.load(this.#cells, slot.at + VALUE);
    Atomics.store(this.#cells, slot.at + SEQUENCE, slot.position + this.#mask + 1);
    Atomics.add(this.#cells, POPPED, 1);
    return value;
  }

  /** Takes the next position of a counter whose slot is `lead` ahead of it; undefined when that slot has not got so far. */
  #claim(counter: typeof HEAD | typeof TAIL, lead: 0 | 1): { readonly position: number; readonly at: number } | undefined {
    for (;;) {
      const position = Atomics.load(this.#cells, counter);
      const at = this.#slot(position);
      const ahead = Atomics.load(this.#cells, at + SEQUENCE) - (position + lead);
      if (ahead < 0) return undefined;
      // Above 0 another one has taken this position since the load.
      if (ahead === 0 && Atomics.compareExchange(this.#cells, counter, position, position + 1) === position) return { position, at };
    }
  }

  #slot(position: number): number {
    return FIRST_SLOT + (position & this.#mask) * SLOT_CELLS;
  }
}
