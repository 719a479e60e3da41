/**
 * The objects of one kind by name. Each that is in use has an open request, and those are limited for each node. One that only remembers what
 * happened to it is kept as long as there is room for it, and the one that has rested longest goes first.
 */
export class NamedObjects<T extends { readonly name: string }> {
  readonly #maxResting: number;
  readonly #inUse = new Map<string, T>();
  /** In the order in which they came to rest. */
  readonly #resting = new Map<string, T>();

  constructor(maxResting: number) {
    this.#maxResting = maxResting;
  }

  find(name: string): T | undefined {
    return this.#inUse.get(name) ?? this.#resting.get(name);
  }

  use(object: T): void {
    this.#resting.delete(object.name);
    this.#inUse.set(object.name, object);
  }

  /** Nobody uses the object, but it remembers something. Returns what is forgotten for it, if anything. */
  rest(object: T): T | undefined {
    this.#inUse.delete(object.name);
    this.#resting.delete(object.name);
    this.#resting.set(object.name, object);
    if (this.#resting.size <= this.#maxResting) return undefined;
    const [oldest] = this.#resting.values();
    if (oldest !== undefined) this.#resting.delete(oldest.name);
    return oldest;
  }

  drop(object: T): void {
    this.#inUse.delete(object.name);
    this.#resting.delete(object.name);
  }

  /** Every object, those that rest last. */
  *all(): IterableIterator<T> {
    yield* [...this.#inUse.values(), ...this.#resting.values()];
  }
}
