import { describe, expect, it } from 'vitest';
import { describeFault, faultKinds } from '../src/faults.js';
import { coordinatorName, drawSchedule, type ScheduleSettings } from '../src/schedule.js';

const settings: ScheduleSettings = {
  seed: 1,
  durationMs: 300_000,
  leaseMs: 2500,
  kinds: faultKinds,
  nodes: ['n1', 'n2', 'n3', 'n4'],
  programs: ['m1', 'm2'],
};
const seeds = Array.from({ length: 40 }, (_, seed) => seed);

describe('a schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(drawSchedule(settings)).toEqual(drawSchedule({ ...settings }));
    const drawn = seeds.map((seed) => JSON.stringify(drawSchedule({ ...settings, seed })));
    expect(new Set(drawn).size).toBe(seeds.length);
  });

  it.each(seeds)('of five minutes has every kind of fault (seed %i)', (seed) => {
    const kinds = new Set(drawSchedule({ ...settings, seed }).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...faultKinds].sort());
  });

  it('has only the kinds that were asked for', () => {
    const kinds = new Set(drawSchedule({ ...settings, kinds: ['kill', 'delay'] }).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(['delay', 'kill']);
  });

  it.each(seeds)('is in order, and over in time (seed %i)', (seed) => {
    const faults = drawSchedule({ ...settings, seed });
    expect(faults.map(({ number }) => number)).toEqual(faults.map((_, index) => index + 1));
    expect(Math.max(...faults.map(({ atMs, forMs }) => atMs + forMs))).toBeLessThanOrEqual(settings.durationMs);
    expect(Math.min(...faults.map(({ forMs }) => forMs))).toBeGreaterThan(0);
  });

  it.each(seeds)('does two things at once, to different members, and never three (seed %i)', (seed) => {
    const faults = drawSchedule({ ...settings, seed });
    const meanwhile = faults.map((fault) =>
      faults.filter((other) => other !== fault && other.atMs <= fault.atMs && other.atMs + other.forMs > fault.atMs),
    );
    expect(Math.max(...meanwhile.map(({ length }) => length))).toBe(1);
    const same = faults.flatMap((fault, index) => (meanwhile[index] ?? []).filter(({ target }) => target === fault.target));
    expect(same).toEqual([]);
  });

  it.each(seeds)('leaves the coordinator, which cannot be done without, its life and its leases (seed %i)', (seed) => {
    const faults = drawSchedule({ ...settings, seed }).filter(({ target }) => target === coordinatorName);
    expect([...new Set(faults.map(({ kind }) => kind))].filter((kind) => kind !== 'coordinator-pause' && kind !== 'strangers')).toEqual([]);
    const pauses = faults.filter(({ kind }) => kind === 'coordinator-pause');
    expect(pauses.filter(({ forMs }) => forMs >= settings.leaseMs / 2)).toEqual([]);
  });

  it.each(seeds)('pauses members for less than their lease and stops them for more (seed %i)', (seed) => {
    const faults = drawSchedule({ ...settings, seed });
    expect(faults.filter(({ kind, forMs }) => kind === 'pause' && forMs >= settings.leaseMs / 2)).toEqual([]);
    expect(faults.filter(({ kind, forMs }) => kind === 'stop' && forMs <= settings.leaseMs)).toEqual([]);
  });

  it('needs no mapped programs', () => {
    const targets = new Set(drawSchedule({ ...settings, programs: [] }).map(({ target }) => target));
    expect([...targets].sort()).toEqual(['coordinator', 'n1', 'n2', 'n3', 'n4']);
  });

  it('tells of each fault whom it hits and how long', () => {
    for (const fault of drawSchedule(settings)) {
      expect(describeFault(fault)).toContain(fault.target);
      expect(describeFault(fault)).toContain(String(fault.forMs));
    }
  });
});
