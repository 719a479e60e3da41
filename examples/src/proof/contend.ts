import { backOff, spinUntil } from '../team/back-off.js';
import { type Arena, findingCells, gates } from './arena.js';
import { RingBuffer } from './ring-buffer.js';
import { Seqlock } from './seqlock.js';
import { SpinLock } from './spin-lock.js';

/** Everything a member needs to take part. Plain data, so that it can be posted to a worker thread. */
export interface Contest {
  readonly buffer: SharedArrayBuffer;
  readonly arena: Arena;
  readonly rank: number;
}

/** Increments from one that dawdles under the lock to the next. */
const PAUSE_EVERY = 16;

/** The longest pause of the seqlock's writer, in milliseconds. */
const LONGEST_PAUSE_MS = 20;

/**
 * One member's part, from beginning to end on nothing but the buffer: no message, no lock of pagewire. It ends when its share is done and
 * writes down what it saw.
 */
export function contend(contest: Contest): void {
  meet(contest, 'ring');
  exchange(contest);
  meet(contest, 'lock');
  countUnderLock(contest);
  meet(contest, 'seqlock');
  if (contest.rank === 0) writePairs(contest);
  else readPairs(contest);
}

/** Waits until all members are here. */
function meet({ buffer, arena }: Contest, gate: (typeof gates)[number]): void {
  const cells = new Int32Array(buffer, arena.gates, gates.length);
  const at = gates.indexOf(gate);
  Atomics.add(cells, at, 1);
  spinUntil('all members are here', () => Atomics.load(cells, at) === arena.members);
}

/** Each member is a producer of values that nobody else pushes, and a consumer of whatever comes. */
function exchange({ buffer, arena, rank }: Contest): void {
  const { members, values } = arena;
  const ring = new RingBuffer(buffer, arena.ring, arena.capacity);
  const findings = findingsOf(buffer, arena, rank);
  let [pushed, popped] = [0, 0];
  /** Pushes and pops what it can. False when it could do neither. */
  const step = (): boolean => {
    const pushes = pushed < values && ring.push(rank * values + pushed);
    if (pushes) pushed += 1;
    const value = ring.pop();
    if (value !== undefined) findings[findingCells.firstValue + popped++] = value;
    return pushes || value !== undefined;
  };
  const isOver = (): boolean => pushed === values && ring.popped === values * members;
  while (!isOver()) spinUntil('a value can be pushed or popped, or all were', () => step() || isOver());
  findings[findingCells.popped] = popped;
}

/** The counter is read and written by plain loads and stores: the lock alone keeps increments from being lost. */
function countUnderLock({ buffer, arena }: Contest): void {
  const lock = new SpinLock(buffer, arena.lock);
  const counter = new Int32Array(buffer, arena.counter, 1);
  for (let increment = 0; increment < arena.increments; increment += 1) {
    lock.hold(() => {
      const seen = counter[0] ?? 0;
      // Without the lock whatever others add in this pause would be overwritten: a lock that fails, fails visibly.
      if (increment % PAUSE_EVERY === 0) backOff();
      counter[0] = seen + 1;
    });
  }
}

/**
 * Writes pairs until every reader has seen enough. Its pauses grow: a reader whose pages come from another machine needs a while without a
 * write to get all three cells, and nobody knows how long that is.
 */
function writePairs({ buffer, arena }: Contest): void {
  const pair = new Seqlock(buffer, arena.pair);
  const readersDone = new Int32Array(buffer, arena.readersDone, 1);
  let pauseMs = 0.01;
  for (let value = 1; Atomics.load(readersDone, 0) < arena.members - 1; value += 1) {
    pair.write([value, ~value]);
    backOff(pauseMs);
    pauseMs = Math.min(pauseMs * 1.02, LONGEST_PAUSE_MS);
  }
}

function readPairs({ buffer, arena, rank }: Contest): void {
  const pair = new Seqlock(buffer, arena.pair);
  let [reads, torn, retries] = [0, 0, 0];
  /** False when a write came between. */
  const look = (): boolean => {
    const seen = pair.tryRead();
    if (seen === undefined) {
      retries += 1;
      return false;
    }
    // Before the first write both are 0.
    const [left, right] = seen;
    if (right !== (left === 0 ? 0 : ~left)) torn += 1;
    return true;
  };
  for (; reads < arena.reads; reads += 1) spinUntil('a pair can be read', look);
  findingsOf(buffer, arena, rank).set([reads, torn, retries], findingCells.reads);
  Atomics.add(new Int32Array(buffer, arena.readersDone, 1), 0, 1);
}

/** A member's own cells: nobody else writes to their pages. */
export function findingsOf(buffer: SharedArrayBuffer, { findings, values, members }: Arena, rank: number): Int32Array {
  return new Int32Array(buffer, findings[rank], findingCells.firstValue + values * members);
}
