import type { RegionAccess } from '@pagewire/protocol';
import { fateOf, survivableCode } from './fate.js';
import { decodeRecord, encodeRecord } from './record.js';
import type { RecordLayout } from './record-layout.js';
import { RegisterHistory } from './register-history.js';
import type { Verdict } from './verdict.js';

/** The writer of the load phase. Client i writes as i + 1. */
export const loader = 0;

/** Who does an operation, and through which client's region. */
export interface RecordUser {
  readonly region: RegionAccess;
  readonly writer: number;
}

/**
 * Reads and writes records, and verifies every read: the checksum, the key, the run, and with a {@link RegisterHistory} for each
 * record that the operations of all clients on it are linearizable. One store serves all clients of a run, so that it sees all operations.
 */
export class RecordStore {
  readonly layout: RecordLayout;
  readonly #run: number;
  readonly #verdict: Verdict;
  readonly #issued: number[] = [];
  readonly #histories = new Map<number, RegisterHistory>();
  // What a record without a history holds: the sequence of the load phase's write. It spares a history for each record nobody touches.
  readonly #loaded: Uint32Array;
  readonly #lostPages = new Set<number>();
  #tick = 0;

  constructor(layout: RecordLayout, run: number, verdict: Verdict) {
    this.layout = layout;
    this.#run = run;
    this.#verdict = verdict;
    this.#loaded = new Uint32Array(layout.capacity);
  }

  /** True once an access to the record's page has failed with `page-lost`. Choosers pass such records over. */
  isSetAside(key: number): boolean {
    return this.#lostPages.has(this.layout.pageOf(key));
  }

  /** Records on lost pages, among the first `count`. */
  setAside(count: number): number {
    let total = 0;
    for (const page of this.#lostPages) total += Math.max(0, Math.min(count - page * this.layout.perPage, this.layout.perPage));
    return total;
  }

  /** Reads one record and verifies it. Returns the bytes that travelled. */
  read(user: RecordUser, key: number): Promise<number> {
    return this.readRange(user, key, 1);
  }

  /** Reads `count` records from `first` with one read, and verifies each. Returns the bytes that travelled. */
  async readRange(user: RecordUser, first: number, count: number): Promise<number> {
    const start = ++this.#tick;
    for (let key = first; key < first + count; key++) this.#history(key).beginRead(start);
    let bytes: Uint8Array;
    try {
      bytes = await user.region.read(this.layout.offsetOf(first), this.layout.spanBytes(first, count));
    } catch (error) {
      for (let key = first; key < first + count; key++) this.#history(key).abandonRead(start);
      // A range over several pages does not say which of them is lost.
      if (this.layout.pageOf(first) === this.layout.pageOf(first + count - 1)) this.#noteLoss(error, first);
      throw error;
    }
    const end = ++this.#tick;
    const base = this.layout.offsetOf(first);
    for (let key = first; key < first + count; key++) {
      const at = this.layout.offsetOf(key) - base;
      this.#verify(user, { key, slot: bytes.subarray(at, at + this.layout.recordBytes), start, end });
    }
    return bytes.length;
  }

  /** Writes a record that no write before it has written. Returns the bytes that travelled. */
  async write(user: RecordUser, key: number): Promise<number> {
    await this.#writeRange(user, key, 1);
    return this.layout.recordBytes;
  }

  /** Writes `count` records from `first`, all on one page, in the load phase: nobody else may use them yet. */
  async load(region: RegionAccess, first: number, count: number): Promise<void> {
    const sequence = await this.#writeRange({ region, writer: loader }, first, count);
    for (let i = 0; i < count; i++) {
      if (this.#history(first + i).candidates > 1) continue;
      this.#loaded[first + i] = sequence + i;
      this.#histories.delete(first + i);
    }
  }

  /** Writes `count` records from `first`, all on one page, with one write. Returns the sequence of the first; the others follow it. */
  async #writeRange(user: RecordUser, first: number, count: number): Promise<number> {
    const { writer } = user;
    const bytes = new Uint8Array(count * this.layout.recordBytes);
    const now = ++this.#tick;
    const writes = Array.from({ length: count }, (_, i) => {
      const sequence = (this.#issued[writer] ?? 0) + 1;
      this.#issued[writer] = sequence;
      const slot = bytes.subarray(i * this.layout.recordBytes, (i + 1) * this.layout.recordBytes);
      encodeRecord(slot, { run: this.#run, key: first + i, writer, sequence });
      const history = this.#history(first + i);
      return { key: first + i, history, value: history.beginWrite(writer, sequence, now) };
    });
    try {
      await user.region.write(this.layout.offsetOf(first), bytes);
    } catch (error) {
      this.#noteLoss(error, first);
      if (fateOf(error) === 'none') for (const { key, history, value } of writes) this.#accuse(user, key, history.withdraw(value));
      throw error;
    }
    const end = ++this.#tick;
    for (const { key, history, value } of writes) this.#accuse(user, key, history.acknowledged(value, end));
    return writes[0]?.value.sequence ?? 0;
  }

  #history(key: number): RegisterHistory {
    const known = this.#histories.get(key);
    if (known) return known;
    const fresh = new RegisterHistory(this.#loaded[key]);
    this.#histories.set(key, fresh);
    return fresh;
  }

  #verify(user: RecordUser, read: { readonly key: number; readonly slot: Uint8Array; readonly start: number; readonly end: number }): void {
    const { key, slot, start, end } = read;
    const history = this.#history(key);
    const decoded = decodeRecord(slot);
    const stamp = decoded.kind === 'record' ? decoded.stamp : undefined;
    if (decoded.kind === 'corrupt' || (stamp && stamp.run === this.#run && stamp.key !== key)) {
      history.abandonRead(start);
      const found = decoded.kind === 'corrupt' ? decoded.reason : `holds the record of key ${stamp?.key}`;
      this.#verdict.failed(`key ${key} (${this.#place(user, key)}): ${found}`);
      return;
    }
    // What another run left in a slot that this run has not written means the same as zeros.
    const seen = stamp && stamp.run === this.#run ? stamp : { writer: loader, sequence: 0 };
    const problem = history.endRead(start, end, seen);
    const foreign = stamp && stamp.run !== this.#run ? `, a record of another run ${stamp.run} (does another load use this region?)` : '';
    this.#verdict.check(problem && `key ${key} (${this.#place(user, key)}): reader saw ${problem}${foreign}`);
  }

  #accuse(user: RecordUser, key: number, problem: string | undefined): void {
    if (problem !== undefined) this.#verdict.failed(`key ${key} (${this.#place(user, key)}): readers saw ${problem}`);
  }

  #noteLoss(error: unknown, key: number): void {
    if (survivableCode(error) === 'page-lost') this.#lostPages.add(this.layout.pageOf(key));
  }

  #place(user: RecordUser, key: number): string {
    const offset = this.layout.offsetOf(key);
    const who = user.writer === loader ? 'final check' : `client ${user.writer - 1}`;
    return `${who}, page ${this.layout.pageOf(key)}, offset ${offset}`;
  }
}
