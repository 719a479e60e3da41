import { valueAfter } from '../src/litmus-test.js';
import type { Program, Step } from '../src/program.js';

/** Draws a whole number below `count`. */
export type Draw = (count: number) => number;

/** A memory of all threads of one iteration. */
export interface Memory {
  /** Does a whole operation; answers with the value before it. */
  perform(thread: number, step: Step): number;
  /** What the memory may do by itself now. */
  actions(): readonly (() => void)[];
  /** The thread's node dies. */
  crash(thread: number): void;
  /** What is read of a location when nothing moves any more. */
  final(location: number): number;
}

/** Every operation takes effect at once: sequentially consistent. */
export class Exact implements Memory {
  protected readonly values: number[];

  constructor(
    protected readonly program: Program,
    protected readonly draw: Draw,
  ) {
    this.values = program.locations.map(() => 0);
  }

  perform(_thread: number, { location, operation }: Step): number {
    const before = this.values[location] ?? 0;
    this.values[location] = valueAfter(operation, before);
    return before;
  }

  actions(): readonly (() => void)[] {
    return [];
  }

  crash(_thread: number): void {}

  final(location: number): number {
    return this.values[location] ?? 0;
  }
}

interface Store {
  readonly location: number;
  readonly value: number;
}

/** Stores wait in a buffer of their thread, in order; an atomic empties it first (total store order, as in SPARC and x86). */
export class StoreBuffers extends Exact {
  protected readonly buffers: Store[][] = this.program.threads.map(() => []);

  override perform(thread: number, step: Step): number {
    const buffer = this.buffers[thread] ?? [];
    const own = buffer.findLast(({ location }) => location === step.location);
    const { operation } = step;
    if (operation.kind === 'R') return own?.value ?? super.perform(thread, step);
    if (operation.kind !== 'W') {
      while (buffer.length > 0) this.drain(buffer, 0);
      return super.perform(thread, step);
    }
    buffer.push({ location: step.location, value: operation.value });
    return 0;
  }

  override actions(): readonly (() => void)[] {
    return this.buffers.filter((buffer) => buffer.length > 0).map((buffer) => () => this.drain(buffer, 0));
  }

  protected drain(buffer: Store[], at: number): void {
    for (const { location, value } of buffer.splice(at, 1)) this.values[location] = value;
  }
}

/** The same with a buffer for each location: stores of different ones overtake each other (partial store order). */
export class UnorderedStoreBuffers extends StoreBuffers {
  override actions(): readonly (() => void)[] {
    return this.buffers.flatMap((buffer) => {
      const oldest = (at: number) => buffer.findIndex(({ location }) => location === buffer[at]?.location) === at;
      return buffer.map((_, at) => at).flatMap((at) => (oldest(at) ? [() => this.drain(buffer, at)] : []));
    });
  }
}

/** Copies of locations that threads read; what becomes of them when another thread stores is the bug of the memories below. */
abstract class Cached extends Exact {
  protected readonly copies: Map<number, number>[] = this.program.threads.map(() => new Map());

  override perform(thread: number, step: Step): number {
    const copies = this.copies[thread];
    if (step.operation.kind === 'R') {
      const value = copies?.get(step.location) ?? this.values[step.location] ?? 0;
      copies?.set(step.location, value);
      return value;
    }
    const before = super.perform(thread, step);
    copies?.set(step.location, this.values[step.location] ?? 0);
    for (const [other, theirs] of this.copies.entries()) if (other !== thread) this.invalidate(theirs, step.location);
    return before;
  }

  protected abstract invalidate(copies: Map<number, number>, location: number): void;
}

/** A store does not wait until the copies of others are gone. */
export class LateInvalidations extends Cached {
  readonly #late: (() => void)[] = [];

  override actions(): readonly (() => void)[] {
    const fetches = this.copies.flatMap((copies) =>
      this.program.locations.flatMap((_, location) =>
        copies.has(location) ? [] : [() => void copies.set(location, this.final(location))],
      ),
    );
    return [...fetches, ...this.#late.map((invalidate) => () => this.#do(invalidate))];
  }

  protected override invalidate(copies: Map<number, number>, location: number): void {
    this.#late.push(() => copies.delete(location));
  }

  #do(invalidate: () => void): void {
    this.#late.splice(this.#late.indexOf(invalidate), 1);
    invalidate();
  }
}

/** A copy that was sent before an invalidation is installed after it. */
export class StaleFills extends Cached {
  readonly #flights: { readonly copies: Map<number, number>; readonly location: number; readonly value: number }[] = [];

  override actions(): readonly (() => void)[] {
    const supplies = this.copies.flatMap((copies) =>
      this.program.locations.map((_, location) => () => void this.#flights.push({ copies, location, value: this.final(location) })),
    );
    const fills = this.#flights.map((flight) => () => {
      this.#flights.splice(this.#flights.indexOf(flight), 1);
      flight.copies.set(flight.location, flight.value);
    });
    return this.#flights.length < 4 ? [...supplies, ...fills] : fills;
  }

  protected override invalidate(copies: Map<number, number>, location: number): void {
    copies.delete(location);
  }
}

/** Whole pages, as pagewire moves them. */
abstract class Paged extends Exact {
  /** The locations of a page, and what they hold. */
  protected pageOf(location: number, values: readonly number[]): Store[] {
    const { pages } = this.program;
    return values.flatMap((value, other) => (pages[other] === pages[location] ? [{ location: other, value }] : []));
  }

  protected writeBack(page: readonly Store[]): void {
    for (const { location, value } of page) this.values[location] = value;
  }
}

/** The bytes of a page that is given back, changed or not, may arrive when the page has long had another owner. */
export class LateWriteBacks extends Paged {
  readonly #late: Store[][] = [];

  override actions(): readonly (() => void)[] {
    const writeBacks = this.#late.map((page) => () => {
      this.#late.splice(this.#late.indexOf(page), 1);
      this.writeBack(page);
    });
    const releases = this.values.map((_, location) => () => void this.#late.push(this.pageOf(location, this.values)));
    return this.#late.length < 3 ? [...writeBacks, ...releases] : writeBacks;
  }
}

/** Two threads may own a page at a time, each with bytes of its own. */
export class TwoOwners extends Paged {
  readonly #owned: Map<number, Store[]>[] = this.program.threads.map(() => new Map());

  override perform(thread: number, step: Step): number {
    const { page, location, operation } = step;
    const owned = this.#owned[thread];
    const bytes = owned?.get(page);
    if (bytes === undefined && operation.kind === 'R') return this.final(location);
    const mine = bytes ?? this.pageOf(location, this.values);
    const at = mine.findIndex((each) => each.location === location);
    const before = mine[at]?.value ?? 0;
    mine[at] = { location, value: valueAfter(operation, before) };
    owned?.set(page, mine);
    return before;
  }

  override actions(): readonly (() => void)[] {
    return this.#owned.flatMap((owned) =>
      [...owned].map(([page, bytes]) => () => {
        owned.delete(page);
        this.writeBack(bytes);
      }),
    );
  }
}

/** Each thread has a replica, and hears of the stores of others some time, in any order. */
export class Gossip extends Exact {
  readonly #replicas: number[][] = this.program.threads.map(() => this.program.locations.map(() => 0));
  readonly #rumours: { readonly to: number[]; readonly store: Store }[] = [];

  override perform(thread: number, { location, operation }: Step): number {
    const replica = this.#replicas[thread] ?? [];
    const before = replica[location] ?? 0;
    replica[location] = valueAfter(operation, before);
    const store = { location, value: replica[location] ?? 0 };
    // The memory that is looked at in the end hears it as the other replicas do.
    if (operation.kind !== 'R') for (const to of [this.values, ...this.#replicas]) if (to !== replica) this.#rumours.push({ to, store });
    return before;
  }

  override actions(): readonly (() => void)[] {
    return this.#rumours.map((rumour) => () => {
      this.#rumours.splice(this.#rumours.indexOf(rumour), 1);
      rumour.to[rumour.store.location] = rumour.store.value;
    });
  }
}

/** What a dead node stored may be gone, whether somebody has seen it or not: for each location by itself. */
export class ForgetfulDeaths extends Exact {
  readonly #before = new Map<number, Map<number, number>>();

  override perform(thread: number, step: Step): number {
    const before = super.perform(thread, step);
    const mine = this.#before.get(thread) ?? new Map<number, number>();
    this.#before.set(thread, mine);
    if (step.operation.kind !== 'R' && !mine.has(step.location)) mine.set(step.location, before);
    return before;
  }

  override crash(thread: number): void {
    for (const [location, value] of this.#before.get(thread) ?? []) if (this.draw(2) === 0) this.values[location] = value;
  }
}

/** What a dead node stored and nobody has read is gone, although later stores of it were read. */
export class UnreadIsGone extends ForgetfulDeaths {
  readonly #read = new Set<number>();

  override perform(thread: number, step: Step): number {
    if (this.program.threads[thread]?.crashes === false) this.#read.add(step.location);
    return super.perform(thread, step);
  }

  override crash(thread: number): void {
    const kept = [...this.#read].map((location) => ({ location, value: this.final(location) }));
    super.crash(thread);
    for (const { location, value } of kept) this.values[location] = value;
  }
}
