import { spinUntil } from '../team/back-off.js';
import { hashOf } from './words.js';

/** Int32 cells of one slot. */
const SLOT_CELLS = 4;
const [HASH, COUNT, PLACE, LENGTH] = [0, 1, 2, 3] as const;

export interface WordTableLayout {
  /** A power of two. */
  readonly slots: number;
  /** In bytes: where the slots begin, and where the letters of each member's new words go. */
  readonly slotsOffset: number;
  readonly arenaOffsets: readonly number[];
  /** Of one member's letters. */
  readonly arenaBytes: number;
}

/** Bytes of the slots of a table. */
export function slotBytes(slots: number): number {
  return slots * SLOT_CELLS * Int32Array.BYTES_PER_ELEMENT;
}

/**
 * An open-addressing hash table of word counts in shared memory, with no lock: a slot is claimed by compareExchange of its hash from 0, its
 * word is published by the store of its place, and counts go up by Atomics.add. Slots are never given back. All members may add at once.
 */
export class WordTable {
  readonly #slots: Int32Array;
  readonly #letters: Uint8Array;
  readonly #layout: WordTableLayout;
  readonly #rank: number;
  /** How much of this member's arena is used. Each member writes letters to its own arena, so that a page of letters has one writer. */
  #used = 0;

  constructor(buffer: SharedArrayBuffer, layout: WordTableLayout, rank: number) {
    this.#slots = new Int32Array(buffer, layout.slotsOffset, layout.slots * SLOT_CELLS);
    this.#letters = new Uint8Array(buffer);
    this.#layout = layout;
    this.#rank = rank;
  }

  /** The slot where the search for a word begins. */
  homeOf(word: string): number {
    return hashOf(word) & (this.#layout.slots - 1);
  }

  /** Empties this member's share of the slots and its arena. All members do it, and nobody adds meanwhile. */
  clear(members: number): void {
    const edge = (member: number): number => Math.floor((this.#slots.length * member) / members);
    this.#slots.fill(0, edge(this.#rank), edge(this.#rank + 1));
    this.#used = 0;
  }

  /** Adds `count` occurrences of a word of ASCII letters. Throws a RangeError when there is no slot or no room for its letters left. */
  add(word: string, count: number): void {
    const hash = hashOf(word);
    for (let probe = 0; probe < this.#layout.slots; probe += 1) {
      const slot = ((hash + probe) & (this.#layout.slots - 1)) * SLOT_CELLS;
      const found = Atomics.compareExchange(this.#slots, slot + HASH, 0, hash);
      if (found === 0) this.#publish(slot, word);
      if (found === 0 || (found === hash && this.#holds(slot, word))) {
        Atomics.add(this.#slots, slot + COUNT, count);
        return;
      }
    }
    throw new RangeError(`all ${this.#layout.slots} slots of the word table are taken: raise --slots`);
  }

  /** Every word with its count. Nobody adds meanwhile. */
  *entries(): Generator<[string, number]> {
    for (let slot = 0; slot < this.#slots.length; slot += SLOT_CELLS) {
      if (this.#slots[slot + HASH] !== 0) yield [this.#wordIn(slot), this.#slots[slot + COUNT] ?? 0];
    }
  }

  #publish(slot: number, word: string): void {
    const { arenaOffsets, arenaBytes } = this.#layout;
    if (this.#used + word.length > arenaBytes) throw new RangeError(`member ${this.#rank} has no room for more letters: raise --slots`);
    const place = (arenaOffsets[this.#rank] ?? 0) + this.#used;
    for (let at = 0; at < word.length; at += 1) this.#letters[place + at] = word.charCodeAt(at);
    this.#used += word.length;
    Atomics.store(this.#slots, slot + LENGTH, word.length);
    // Last: who sees a place sees the length and the letters. A place is never 0, because the slots lie before the arenas.
    Atomics.store(this.#slots, slot + PLACE, place);
  }

  /** Whether a claimed slot is this word's; waits for the moment between the claim and the word's publication. */
  #holds(slot: number, word: string): boolean {
    spinUntil('the word of a claimed slot is there', () => Atomics.load(this.#slots, slot + PLACE) !== 0);
    return this.#wordIn(slot) === word;
  }

  #wordIn(slot: number): string {
    const place = Atomics.load(this.#slots, slot + PLACE);
    const letters = this.#letters.subarray(place, place + Atomics.load(this.#slots, slot + LENGTH));
    return String.fromCharCode(...letters);
  }
}
