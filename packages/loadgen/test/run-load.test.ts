import { PagewireError } from '@pagewire/protocol';
import { describe, expect, test } from 'vitest';
import { type LoadOptions, type LoadProgress, loadLimits, runLoad } from '../src/index.js';
import { BlocksPage, CutsOffClient, HangsOnce, LosesPage } from './broken-memories.js';
import { FakeMemory } from './fake-memory.js';
import { VirtualClock } from './virtual-clock.js';

const timed: LoadOptions = { workload: 'b', targets: ['ws://a', 'grpc://b'], clients: 3, records: 50, recordBytes: 64, seed: 1 };
const options: LoadOptions = { ...timed, operations: 300 };

describe('options', () => {
  test.each([
    [{ clients: 0 }, 'clients'],
    [{ clients: 1.5 }, 'clients'],
    [{ clients: 1000, depth: 1000 }, 'clients × depth'],
    [{ operations: 0 }, 'operations'],
    [{ durationMs: -1 }, 'durationMs'],
    [{ durationMs: Number.NaN }, 'durationMs'],
    [{ records: loadLimits.maxRecords + 1 }, 'records'],
    [{ rate: 0 }, 'rate'],
    [{ seed: 2 ** 32 }, 'seed'],
    [{ targets: [] }, 'target'],
    [{ recordBytes: 5000 }, 'recordBytes'],
    [{ workload: 'counter' as const }, 'recordBytes'],
    [{ workload: 'scan' as const, distribution: 'uniform' as const }, 'distribution'],
  ])('%j are refused before anything connects', async (wrong, named) => {
    const memory = new FakeMemory();
    const refusal = expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining(named) });
    await expect(runLoad({ ...options, ...wrong }, { open: memory.open })).rejects.toEqual(refusal);
    expect(memory.bytes.length).toBe(0);
  });
});

describe('connecting', () => {
  test('fails the run when no client can, and names the targets', async () => {
    const open = () => Promise.reject(new PagewireError('unreachable', 'nobody listens there'));
    const failure = expect.objectContaining({
      code: 'unreachable',
      message: 'none of the 3 clients could open the region through ws://a, grpc://b: nobody listens there',
    });
    await expect(runLoad(options, { open })).rejects.toEqual(failure);
  });

  test('goes on with those that can, and says how many could not', async () => {
    const memory = new FakeMemory();
    const refused = new Map([[1, new PagewireError('unreachable', 'node n2 is down')]]);
    const open = async (index: number) => {
      const error = refused.get(index);
      if (error) throw error;
      return memory.open(index);
    };
    const report = await runLoad(options, { open });
    expect(report).toMatchObject({ clients: 2, operations: 300, notes: ['1 of 3 clients could not connect: node n2 is down'] });
  });

  test('a region of another size is an error that says what to do, and leaves no client open', async () => {
    const memory = new FakeMemory();
    memory.bytes = new Uint8Array(64);
    const failure = expect.objectContaining({ code: 'region-mismatch', message: expect.stringContaining('name another region') });
    await expect(runLoad(options, { open: memory.open })).rejects.toEqual(failure);
    expect(memory.openClients).toBe(0);
  });

  test('a region named by the user is not deleted unless asked', async () => {
    const memory = new FakeMemory();
    await runLoad({ ...options, regionName: 'mine' }, { open: memory.open });
    expect(memory.deleted).toBe(0);
    await runLoad({ ...options, regionName: 'mine', keep: false }, { open: memory.open });
    expect(memory.deleted).toBe(1);
  });
});

describe('a run', () => {
  test('reports plain data that names its conditions', async () => {
    const report = await runLoad(options, { open: new FakeMemory().open });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report).toMatchObject({
      regionName: 'load-b',
      transport: 'grpc+ws',
      seed: 1,
      distribution: 'zipfian',
      recordBytes: 64,
      records: 50,
    });
  });

  test('ends after its duration', async () => {
    const clock = new VirtualClock();
    const memory = new FakeMemory();
    memory.pause = () => clock.sleep(1);
    const report = await runLoad({ ...timed, durationMs: 1000 }, { open: memory.open, clock });
    expect(report.durationMs).toBeGreaterThanOrEqual(1000);
    expect(report.durationMs).toBeLessThan(1010);
    expect(report.operations).toBe(1500);
  });

  test('tells about its progress four times a second, phase by phase', async () => {
    const clock = new VirtualClock();
    const memory = new FakeMemory();
    memory.pause = () => clock.sleep(1);
    const seen: LoadProgress[] = [];
    await runLoad({ ...options, operations: 1500 }, { open: memory.open, clock, onProgress: (progress) => seen.push(progress) });
    const running = seen.filter(({ phase }) => phase === 'run');
    expect(running.slice(0, 3).map(({ elapsedMs }) => elapsedMs)).toEqual([250, 500, 750]);
    expect(running[1]).toMatchObject({ errors: 0, opsPerSecond: 1500 });
    expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(['load', 'run', 'verify']));
  });

  test('aborted while an operation hangs does not wait for it, and takes its outcome as unknown', async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const memory = new HangsOnce(100);
    memory.pause = () => clock.sleep(1);
    const report = await runLoad(
      { workload: 'counter', targets: ['ws://a'], durationMs: 3_600_000, clients: 2 },
      { open: memory.open, clock, signal: controller.signal, onProgress: ({ elapsedMs }) => elapsedMs >= 1000 && controller.abort() },
    );
    expect(report).toMatchObject({ aborted: true, verification: { ok: true } });
    expect(report.notes.join()).toContain('1 operations were still under way');
    expect(report.verification.summary).toContain('(and 1 of unknown outcome)');
  });

  test('stops promptly when aborted, and still verifies and reports', async () => {
    const controller = new AbortController();
    const memory = new FakeMemory();
    const onProgress = ({ phase, operations }: LoadProgress) => phase === 'run' && operations > 0 && controller.abort();
    const report = await runLoad(
      { workload: 'counter', targets: ['ws://a'], durationMs: 3_600_000 },
      { open: memory.open, signal: controller.signal, onProgress },
    );
    expect(report).toMatchObject({ aborted: true, verification: { ok: true } });
    expect(report.operations).toBeGreaterThan(0);
    expect(memory.openClients).toBe(0);
  });

  test('aborted before it began ends without an operation', async () => {
    const report = await runLoad(options, { open: new FakeMemory().open, signal: AbortSignal.abort() });
    expect(report).toMatchObject({ aborted: true, operations: 0 });
  });

  test('an error that partial failure does not explain ends it', async () => {
    const memory = new FakeMemory();
    memory.atomic = () => Promise.reject(new PagewireError('misaligned', 'planted'));
    const failing = runLoad({ workload: 'counter', targets: ['ws://a'] }, { open: memory.open });
    await expect(failing).rejects.toMatchObject({ code: 'misaligned' });
    expect(memory.openClients).toBe(0);
  });

  test('an operation that never ends fails the verification instead of hanging the run', async () => {
    const clock = new VirtualClock();
    const memory = new HangsOnce(100);
    memory.pause = () => clock.sleep(1);
    const report = await runLoad({ workload: 'counter', targets: ['ws://a'], durationMs: 2000, clients: 4 }, { open: memory.open, clock });
    expect(report.verification.ok).toBe(false);
    expect(report.verification.failures[0]).toContain('1 operations had not ended');
  });
});

describe('when a client loses its node', () => {
  const all = ['a', 'e', 'counter', 'transfer', 'scan'] as const;
  const lossOf = async (memory: FakeMemory, workload: (typeof all)[number]) => {
    const clock = new VirtualClock();
    memory.pause = () => clock.sleep(1);
    const report = await runLoad({ workload, targets: ['ws://a'], durationMs: 2000, clients: 3, seed: 5 }, { open: memory.open, clock });
    return { report, totalMs: clock.now() };
  };

  test.each(all)('workload %s goes on with the others, ends on time and is verified through them', async (workload) => {
    const { report, totalMs } = await lossOf(new CutsOffClient(2500, true), workload);
    expect(report.verification).toMatchObject({ ok: true, wrong: 0 });
    expect(report).toMatchObject({ durationMs: expect.closeTo(2000, -2), unfinished: 1, setAside: 0, aborted: false });
    expect(report.notes).toEqual([expect.stringContaining('1 operations were still under way at the end')]);
    expect(totalMs).toBeLessThan(report.loadMs + 2000 + loadLimits.drainUnreachableMs + 1000);
  });

  test('and nobody knows, the final check turns to others as soon as it is not answered', async () => {
    const { report } = await lossOf(new CutsOffClient(1000, false), 'counter');
    expect(report.verification.summary).toContain('8 counters');
    expect(report.verifyMs).toBeLessThan(2 * loadLimits.attemptMs);
  });
});

describe('the final check', () => {
  test.each(['c', 'counter', 'transfer'] as const)(
    'fails when it cannot read everything and nothing says that it is lost (workload %s)',
    async (workload) => {
      const clock = new VirtualClock();
      const memory = new BlocksPage(600);
      const report = await runLoad({ workload, targets: ['ws://a'], operations: 1000, seed: 3 }, { open: memory.open, clock });
      expect(report.verification.ok).toBe(false);
      expect(report.verification.failures).toEqual([expect.stringMatching(/could not be read at the end through any client/)]);
      expect(report.verifyMs).toBeGreaterThanOrEqual(loadLimits.verifyMs);
    },
  );

  test('that is stopped ends soon, and says what it has not read', async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const memory = new BlocksPage(600);
    const report = await runLoad(
      { workload: 'counter', targets: ['ws://a'], operations: 1000, seed: 3 },
      { open: memory.open, clock, signal: controller.signal, onProgress: ({ phase }) => phase === 'verify' && controller.abort() },
    );
    expect(report).toMatchObject({ aborted: true, verification: { ok: true } });
    expect(report.verifyMs).toBeLessThan(loadLimits.verifyAfterAbortMs + 1000);
    expect(report.notes).toEqual(['4 counters could not be read at the end in the time that a stopped run takes']);
  });

  test('gives up early when no client has a connection any more', async () => {
    const clock = new VirtualClock();
    const memory = new CutsOffClient(200, true);
    memory.pause = () => clock.sleep(1);
    const cut = { workload: 'counter', targets: ['ws://a'], durationMs: 1000, clients: 1 } as const;
    const report = await runLoad(cut, { open: memory.open, clock });
    expect(report.verification.ok).toBe(false);
    expect(report.verifyMs).toBeLessThan(loadLimits.verifyUnreachableMs + 1000);
  });

  test('says what it left out because it is lost', async () => {
    const summaryOf = async (workload: 'c' | 'counter' | 'transfer') => {
      const report = await runLoad({ workload, targets: ['ws://a'], operations: 1000, seed: 3 }, { open: new LosesPage(600).open });
      return { ok: report.verification.ok, summary: report.verification.summary };
    };
    expect(await summaryOf('c')).toMatchObject({ ok: true, summary: expect.stringContaining('4 of 10,000 lie on lost pages') });
    expect(await summaryOf('counter')).toMatchObject({ ok: true, summary: expect.stringMatching(/^4 counters: .*; 4 lie on lost pages/) });
    expect(await summaryOf('transfer')).toMatchObject({
      ok: true,
      summary: expect.stringMatching(/^112 of 128 accounts agree .*; 16 lie on lost pages/),
    });
  });
});

describe('a lost page', () => {
  test.each(['counter', 'transfer'] as const)('is hardly asked for again in workload %s', async (workload) => {
    const options = { workload, targets: ['ws://a'], clients: 1, operations: 1000, seed: 3 };
    const report = await runLoad(options, { open: new LosesPage(600).open });
    expect(report.errors['page-lost']).toBe(1);
  });

  test('that was lost before the run takes its counters out of it', async () => {
    const memory = new LosesPage(-1);
    const report = await runLoad({ workload: 'counter', targets: ['ws://a'], operations: 100, seed: 3 }, { open: memory.open });
    expect(report).toMatchObject({ setAside: 4, errors: {}, verification: { ok: true } });
  });
});

test('figures carry no float noise', async () => {
  const report = await runLoad(options, { open: new FakeMemory().open });
  const { loadMs, durationMs, verifyMs, opsPerSecond, latencyUs } = report;
  const figures = [loadMs, durationMs, verifyMs, opsPerSecond * 10, ...Object.values(latencyUs).flatMap((one) => Object.values(one))];
  expect(figures.filter((figure) => Math.abs(figure - Math.round(figure)) > 1e-6)).toEqual([]);
});
