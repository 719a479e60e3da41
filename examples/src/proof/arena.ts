import { PageLayout } from '../page-layout.js';
import { RingBuffer } from './ring-buffer.js';
import type { SeqlockPlaces } from './seqlock.js';

export interface Sizes {
  readonly members: number;
  /** Values that each member pushes. */
  readonly values: number;
  /** Slots of the ring. */
  readonly capacity: number;
  /** How often each member adds 1 under the lock. */
  readonly increments: number;
  /** Whole pairs that each reader wants to see. */
  readonly reads: number;
}

/** Where everything lies in the shared buffer, in bytes. */
export interface Arena extends Sizes {
  readonly ring: number;
  readonly lock: number;
  /** On another page than its lock: who has the lock must see what was stored there before it was let go. */
  readonly counter: number;
  readonly pair: SeqlockPlaces;
  /** One int32 for each of the `gates`, where the members meet. */
  readonly gates: number;
  /** An int32 that counts the readers that have seen enough. */
  readonly readersDone: number;
  /** For each member, what it found: `findingCells` and then the values that it popped, in their order. */
  readonly findings: readonly number[];
  readonly bytes: number;
}

/** What each member writes down, as int32 cells. */
export const findingCells = { popped: 0, reads: 1, torn: 2, retries: 3, firstValue: 4 } as const;

export const gates = ['ring', 'lock', 'seqlock'] as const;

export function arenaFor(sizes: Sizes): Arena {
  const { members, values, capacity } = sizes;
  const layout = new PageLayout();
  const findingBytes = (findingCells.firstValue + values * members) * Int32Array.BYTES_PER_ELEMENT;
  const places = {
    ring: layout.take(RingBuffer.bytes(capacity)),
    lock: layout.take(4),
    counter: layout.take(4),
    pair: { sequence: layout.take(4), left: layout.take(4), right: layout.take(4) },
    gates: layout.take(4 * gates.length),
    readersDone: layout.take(4),
    findings: Array.from({ length: members }, () => layout.take(findingBytes)),
  };
  return { ...sizes, ...places, bytes: layout.bytes };
}

/** Puts everything at its start. By one member, while no other is at work. */
export function resetArena(buffer: SharedArrayBuffer, arena: Arena): void {
  new Int32Array(buffer, 0, arena.bytes / 4).fill(0);
  new RingBuffer(buffer, arena.ring, arena.capacity).reset();
}
