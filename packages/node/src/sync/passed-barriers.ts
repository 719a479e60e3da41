import { limits } from '@pagewire/protocol';

/**
 * The barriers that this node has passed, and how many of its arrivals are to be expected again at each. When the node is fenced the coordinator
 * breaks them, but can tell only those that it knows, and this node comes back as another: so it tells its own program.
 */
export class PassedBarriers {
  readonly #passed = new Map<string, { readonly life: number; count: number }>();

  passed(name: string, life: number): void {
    const known = this.#passed.get(name);
    if (known?.life === life) {
      known.count += 1;
      return;
    }
    this.#passed.set(name, { life, count: 1 });
    if (this.#passed.size <= limits.maxIdleSyncObjects) return;
    // As the coordinator, which forgets the oldest too.
    for (const [oldest] of this.#passed) return void this.#passed.delete(oldest);
  }

  /** A party comes again. True when the life is over in which it came the last time. */
  comes(name: string, life: number): boolean {
    const known = this.#passed.get(name);
    if (known === undefined) return false;
    known.count -= 1;
    if (known.count === 0) this.#passed.delete(name);
    return known.life !== life;
  }
}
