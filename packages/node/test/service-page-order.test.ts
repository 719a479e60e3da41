import { pageId, type Right, regionId } from '@pagewire/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PageOrder, type PageSpan, type Turn } from '../src/service-page-order.js';

const PAGES = 6;
const span = (first: number, count: number, right: Right): PageSpan => ({
  first: pageId(regionId(1), first),
  last: pageId(regionId(1), first + count - 1),
  right,
});

const spans = fc
  .record({ first: fc.nat(PAGES - 1), count: fc.constantFrom(1, 1, 1, 2, 3), right: fc.constantFrom<Right>('readonly', 'exclusive') })
  .map(({ first, count, right }) => span(first, Math.min(count, PAGES - first), right));
/** Something arrives, one of the operations under way ends, or one of those that wait gives up (a negative number). */
const steps = fc.array(fc.oneof(spans, fc.nat(20), fc.integer({ min: -20, max: -1 })), { maxLength: 80 });

interface Entry {
  readonly span: PageSpan;
  turn: Turn | undefined;
  started: boolean;
  ended: boolean;
}

const overlap = (a: PageSpan, b: PageSpan) => a.first <= b.last && b.first <= a.last;
const single = (a: PageSpan) => a.first === a.last;
const mayShare = (a: PageSpan, b: PageSpan) => single(a) && single(b) && a.right === b.right;

class Run {
  readonly order = new PageOrder();
  readonly entries: Entry[] = [];

  arrive(arriving: PageSpan): void {
    const entry: Entry = { span: arriving, turn: undefined, started: false, ended: false };
    this.entries.push(entry);
    entry.turn = this.order.enter(arriving, () => this.#start(entry));
  }

  step(step: PageSpan | number): void {
    if (typeof step !== 'number') this.arrive(step);
    else if (step < 0) this.giveUp(-step);
    else this.end(step);
  }

  endAll(picks: Iterable<number>): void {
    for (const pick of picks) if (!this.end(pick)) return;
  }

  /** Ends one of the operations under way; false when there is none. */
  end(pick: number): boolean {
    const underWay = this.entries.filter((entry) => entry.started && !entry.ended);
    const entry = underWay[pick % Math.max(1, underWay.length)];
    if (entry?.turn === undefined) return false;
    entry.ended = true;
    this.order.leave(entry.turn);
    return true;
  }

  /** One of the operations that wait does so no longer. */
  giveUp(pick: number): void {
    const waiting = this.entries.filter((entry) => !entry.started && !entry.ended);
    const entry = waiting[pick % Math.max(1, waiting.length)];
    if (entry?.turn === undefined) return;
    entry.ended = true;
    this.order.withdraw(entry.turn);
  }

  /** Earlier operations that had to end before this one might start. */
  #start(entry: Entry): void {
    const earlier = this.entries.slice(0, this.entries.indexOf(entry));
    const inTheWay = earlier.filter(
      (other) => !other.ended && overlap(other.span, entry.span) && !(other.started && mayShare(other.span, entry.span)),
    );
    expect(inTheWay).toEqual([]);
    expect([entry.started, entry.ended]).toEqual([false, false]);
    entry.started = true;
  }
}

describe('the order of operations on a page', () => {
  test('none starts before the earlier ones on its pages, all start in the end, and nothing is kept', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat(20)), (script, picks) => {
        const run = new Run();
        for (const step of script) run.step(step);
        run.endAll(picks);
        expect(run.entries.every((entry) => entry.ended)).toBe(true);
        expect(run.order.size).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('operations on different pages start at once', () => {
    const run = new Run();
    for (let page = 0; page < PAGES; page++) run.arrive(span(page, 1, 'exclusive'));
    expect(run.entries.every((entry) => entry.started)).toBe(true);
  });

  test('an operation on several pages waits for each of them and holds up later ones on any', () => {
    const run = new Run();
    run.arrive(span(0, 1, 'readonly'));
    run.arrive(span(0, 3, 'readonly'));
    run.arrive(span(2, 1, 'readonly'));
    expect(run.entries.map((entry) => entry.started)).toEqual([true, false, false]);
    run.end(0);
    expect(run.entries.map((entry) => entry.started)).toEqual([true, true, false]);
    run.end(0);
    expect(run.entries.map((entry) => entry.started)).toEqual([true, true, true]);
  });

  test('a later operation does not join the company of earlier ones past one that waits', () => {
    const run = new Run();
    run.arrive(span(0, 1, 'readonly'));
    run.arrive(span(0, 1, 'exclusive'));
    run.arrive(span(0, 1, 'readonly'));
    expect(run.entries.map((entry) => entry.started)).toEqual([true, false, false]);
  });

  test('one that gives up is never started, and those that only it held up start at once', () => {
    const run = new Run();
    run.arrive(span(0, 1, 'readonly'));
    run.arrive(span(0, 1, 'exclusive'));
    run.arrive(span(0, 1, 'readonly'));
    run.arrive(span(0, 2, 'readonly'));
    run.arrive(span(1, 1, 'readonly'));
    run.giveUp(0);
    expect(run.entries.map((entry) => entry.started)).toEqual([true, false, true, false, false]);
    run.giveUp(0);
    expect(run.entries.map((entry) => entry.started)).toEqual([true, false, true, false, true]);
    run.endAll([0, 0, 0]);
    expect(run.order.size).toBe(0);
  });

  test('after everything was forgotten, operations under way may still leave', () => {
    const run = new Run();
    run.arrive(span(0, 1, 'exclusive'));
    run.arrive(span(0, 1, 'readonly'));
    run.order.clear();
    run.end(0);
    expect(run.entries.map((entry) => entry.started)).toEqual([true, false]);
    expect(run.order.size).toBe(0);
  });
});
