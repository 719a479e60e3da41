import { describe, expect, it } from 'vitest';
import { type KindSum, vacuous } from '../src/campaign.js';
import type { FaultKind } from '../src/faults.js';
import { Samples } from '../src/samples.js';

const sum = (change: Partial<KindSum>): KindSum => ({ injected: 0, effective: 0, notBegun: 0, example: undefined, ...change });
const sums = (entries: readonly (readonly [FaultKind, Partial<KindSum>])[]) => new Map(entries.map(([kind, one]) => [kind, sum(one)]));

describe('a run', () => {
  it('is vacuous where a kind of fault never had an effect', () => {
    expect(vacuous(sums([['kill', { injected: 2, effective: 1 }]]))).toEqual([]);
    expect(vacuous(sums([['delay', { injected: 3 }]]))).toEqual(['3 times delay had no effect that shows']);
    expect(vacuous(sums([['fill', { notBegun: 1 }]]))).toEqual([]);
  });
});

describe('samples of operations', () => {
  const samples = new Samples();
  samples.note({ member: 'n1', startMs: 0, endMs: 50, ok: true });
  samples.note({ member: 'n1', startMs: 100, endMs: 700, ok: true });
  samples.note({ member: 'n2', startMs: 900, endMs: 910, ok: false });

  it('tell the longest operation that was under way in a time', () => {
    expect(samples.slowest({ fromMs: 300, toMs: 400 })).toBe(600);
    expect(samples.slowest({ fromMs: 701, toMs: 800 })).toBe(0);
    expect(samples.slowest({ fromMs: 0, toMs: 1000, member: 'n2' })).toBe(10);
  });

  it('tell how many failed', () => {
    expect(samples.failures({ fromMs: 0, toMs: 1000 })).toBe(1);
    expect(samples.failures({ fromMs: 0, toMs: 1000, member: 'n1' })).toBe(0);
  });
});
