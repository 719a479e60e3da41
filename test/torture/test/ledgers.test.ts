import { describe, expect, it } from 'vitest';
import type { BatchDone, Seen } from '../src/cluster/calls.js';
import { counters, MappedLedger } from '../src/load/mapped-ledger.js';
import { CounterCell, PageCell } from '../src/load/standing-cells.js';
import { fillPage, pageProblem } from '../src/page-pattern.js';

const version = (n: number): Seen => ({ kind: 'version', version: n });
const done = (returned: number[][], seen: Seen[] = []): BatchDone => ({ returned, seen });
const nothing = { adds: [], writes: [], reads: [] };

describe('what is known of a region of mapped programs', () => {
  const ledger = () => new MappedLedger('r', ['m1', 'm2']);
  const add = (times: number, counter = 0) => ({ ...nothing, adds: [{ counter, times }] });

  it('takes increments that were handed out once and in order', () => {
    const known = ledger();
    expect(known.done(known.begin(add(3)), done([[0, 1, 2]]))).toEqual([]);
    expect(known.done(known.begin(add(2)), done([[3, 4]]))).toEqual([]);
    expect([known.settleCounter(0, 5), known.settleCounter(0, 4), known.settleCounter(0, 6)]).toEqual([
      undefined,
      'counter 0 of r is 4, not within 5 to 5',
      'counter 0 of r is 6, not within 5 to 5',
    ]);
  });

  it('finds a lost, a repeated and an invented increment', () => {
    const lost = ledger();
    lost.done(lost.begin(add(3)), done([[0, 1, 2]]));
    expect(lost.done(lost.begin(add(1)), done([[2]]))).toEqual([
      expect.stringContaining('although 3 had been reached'),
      expect.stringContaining('one of the two is lost'),
    ]);
    const invented = ledger();
    expect(invented.done(invented.begin(add(1)), done([[1]]))).toEqual([expect.stringContaining('only 1 were begun')]);
  });

  it('lets the increments of a program that died have happened or not', () => {
    const known = ledger();
    known.done(known.begin(add(2)), done([[0, 1]]));
    known.died(known.begin(add(5)));
    expect([2, 7].map((value) => known.settleCounter(0, value))).toEqual([undefined, undefined]);
    expect([1, 8].map((value) => known.settleCounter(0, value))).toEqual([expect.any(String), expect.any(String)]);
  });

  it('finds stale, torn and invented pages', () => {
    const known = ledger();
    const [page = 0] = known.pagesOf('m1');
    known.done(known.begin({ ...nothing, writes: [page] }), done([]));
    known.done(known.begin({ ...nothing, writes: [page] }), done([]));
    const read = (seen: Seen) => known.done(known.begin({ ...nothing, reads: [page] }), done([], [seen]));
    expect(read(version(2))).toEqual([]);
    expect(read({ kind: 'unfinished' })).toEqual([]);
    expect(read(version(1))).toEqual([expect.stringContaining('stale')]);
    expect(read(version(3))).toEqual([expect.stringContaining('only 2 were ever written')]);
    expect(read({ kind: 'torn', problem: 'word 7' })).toEqual(['r: word 7']);
    const atRest = known.begin({ ...nothing, reads: [page] });
    expect(known.done(atRest, done([], [{ kind: 'unfinished' }]), true)).toEqual([expect.stringContaining('is unfinished')]);
  });

  it('gives up pages that a program was writing when it died', () => {
    const known = ledger();
    const [page = 0] = known.pagesOf('m2');
    known.died(known.begin({ ...nothing, writes: [page] }));
    expect(known.pagesOf('m2')).not.toContain(page);
    expect(known.readable).not.toContain(page);
  });

  it('puts each counter in a place of its own', () => {
    const places = Array.from({ length: counters }, (_, counter) => MappedLedger.placeOf(counter));
    expect(new Set(places.map(({ offset }) => offset)).size).toBe(counters);
    expect(places.map(({ page, offset }) => Math.floor(offset / 4096) === page)).not.toContain(false);
  });
});

describe('a page of versions', () => {
  it('shows every word that is of another version or page', () => {
    const words = new Int32Array(1024);
    fillPage(words, 3, 9);
    expect(pageProblem(words, 3, 9)).toBeUndefined();
    expect([pageProblem(words, 4, 9), pageProblem(words, 3, 8)]).toEqual([
      expect.stringContaining('torn'),
      expect.stringContaining('torn'),
    ]);
    const other = new Int32Array(1024);
    fillPage(other, 3, 10);
    const torn = [1, 2, 511, 1023].map((at) => pageProblem(Object.assign(words.slice(), { [at]: other[at] }), 3, 9));
    expect(torn).toEqual(torn.map(() => expect.stringContaining('torn')));
  });

  it('is all zeros before its first version', () => {
    expect(pageProblem(new Int32Array(1024), 3, 0)).toBeUndefined();
    expect(pageProblem(Object.assign(new Int32Array(1024), { 5: 1 }), 3, 0)).toContain('torn');
  });

  it('may not go back to what was seen or acknowledged before', () => {
    const cell = new PageCell(4);
    const first = cell.begin();
    cell.ended('ok', 0);
    expect(cell.seen(first, cell.floor)).toBeUndefined();
    const next = cell.begin();
    expect(cell.seen(next, cell.floor)).toBeUndefined();
    expect(cell.seen(first, cell.floor)).toContain('stale');
    expect(new PageCell(4).seen(next, 0)).toContain('only 0 were ever written');
  });

  it('rests after a write of unknown outcome, and is written by one at a time', () => {
    const cell = new PageCell(4);
    cell.begin();
    expect(cell.mayWrite(0)).toBe(false);
    cell.ended('failed', 100);
    expect([99, 100].map((now) => cell.mayWrite(now))).toEqual([false, true]);
  });
});

describe('a counter', () => {
  it('holds every acknowledged increment, and unknown ones perhaps', () => {
    const cell = new CounterCell(0);
    cell.tally.note('ok');
    cell.tally.note('outcome-unknown');
    expect([0, 1, 2, 3].map((value) => cell.settled(value))).toEqual([
      expect.stringContaining('not within'),
      undefined,
      undefined,
      expect.stringContaining('not within'),
    ]);
  });

  it('never shows less than somebody was told before', () => {
    const cell = new CounterCell(0);
    expect([cell.seen(5, cell.floor), cell.seen(5, cell.floor), cell.seen(4, cell.floor)]).toEqual([
      undefined,
      undefined,
      expect.stringContaining('stale'),
    ]);
  });
});
