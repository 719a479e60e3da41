import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkHistory, type Verdict } from '@pagewire/history';
import { readHistory } from '@pagewire/history/file';
import { applyAtomic, incarnation, type Performed, version, type WitnessedAccess } from '@pagewire/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatReport, type LoadOptions, runLoad } from '../src/index.js';
import type { LoadClient } from '../src/load-client.js';
import { FakeMemory } from './fake-memory.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pagewire-load-'));
});
afterAll(() => rm(folder, { recursive: true }));

const options: LoadOptions = { workload: 'a', targets: ['ws://a'], clients: 3, records: 20, recordBytes: 64, operations: 300, seed: 1 };

/** A memory whose accesses are witnessed, as those of one node that holds everything. */
class WitnessedMemory extends FakeMemory {
  #serial = 0;

  readonly witnessed: WitnessedAccess = {
    read: (offset, length, performed) => this.#access(performed, () => this.found(this.bytes.slice(offset, offset + length))),
    write: (offset, bytes, performed) => this.#access(performed, () => this.bytes.set(bytes, offset)),
    operate: (offset, atomic, performed) => this.#access(performed, () => applyAtomic(this.bytes, offset, atomic)),
  };

  /** What a read finds. */
  protected found(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  protected override async openClient(client: number): Promise<LoadClient> {
    const plain = await super.openClient(client);
    return { ...plain, region: async (name, shape) => Object.assign(await plain.region(name, shape), { witnessed: this.witnessed }) };
  }

  async #access<T>(performed: Performed, effect: () => T): Promise<T> {
    await this.pause();
    const value = effect();
    this.#serial += 1;
    performed({ incarnation: incarnation(1), version: version(1), serial: this.#serial });
    await this.pause();
    return value;
  }
}

async function verdictOn(path: string): Promise<Verdict> {
  const parsed = await readHistory(path);
  return parsed.ok ? checkHistory(parsed.history) : { outcome: 'unusable', reason: parsed.reason };
}

describe('a load that is recorded', () => {
  test.each(['a', 'b', 'c', 'd', 'f', 'counter'] as const)(
    '%s leaves a history of each of its operations, which is consistent',
    async (workload) => {
      const historyFile = join(folder, `${workload}.jsonl`);
      const { recordBytes, ...others } = options;
      const size = workload === 'counter' ? {} : { recordBytes: recordBytes ?? 64 };
      const report = await runLoad({ ...others, ...size, workload, depth: 2, historyFile }, { open: new WitnessedMemory().open });
      expect(report.verification.ok).toBe(true);
      expect(report.history).toMatchObject({ file: historyFile, complete: true });
      expect(report.history?.operations).toBeGreaterThanOrEqual(300);
      expect(await verdictOn(historyFile)).toMatchObject({
        outcome: 'consistent',
        counts: { processes: 6, checked: report.history?.operations },
      });
      expect(formatReport(report)).toContain(`history: ${report.history?.operations} operations in ${historyFile}`);
    },
  );

  test('says nothing of a history when none was asked for', async () => {
    const report = await runLoad(options, { open: new WitnessedMemory().open });
    expect(report).not.toHaveProperty('history');
    expect(formatReport(report)).not.toContain('history');
  });

  test('leaves a history that gives a wrong memory away', async () => {
    class Forgetful extends WitnessedMemory {
      #reads = 0;
      #old: Uint8Array = new Uint8Array(0);
      protected override found(bytes: Uint8Array): Uint8Array {
        this.#reads += 1;
        const old = this.#old;
        this.#old = bytes;
        return this.#reads % 50 === 0 ? old : bytes;
      }
    }
    const historyFile = join(folder, 'wrong.jsonl');
    await runLoad({ ...options, records: 1, historyFile }, { open: new Forgetful().open });
    expect(await verdictOn(historyFile)).toMatchObject({ outcome: 'inconsistent', violation: { rule: 'value' } });
  });
});

describe('a load that cannot be recorded', () => {
  const refusal = (text: string) => expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining(text) });

  test.each(['e', 'transfer', 'scan'] as const)('is %s, whose operations touch several locations, and is refused', async (workload) => {
    const { recordBytes: _, ...others } = options;
    const run = runLoad({ ...others, workload, historyFile: join(folder, 'none.jsonl') }, { open: new FakeMemory().open });
    await expect(run).rejects.toEqual(refusal('record one of a, b, c, d, f, counter'));
  });

  test('is one whose file cannot be written, which is said before anything is loaded', async () => {
    const memory = new WitnessedMemory();
    const run = runLoad({ ...options, historyFile: join(folder, 'missing', 'x.jsonl') }, { open: memory.open });
    await expect(run).rejects.toEqual(refusal('the history cannot be written'));
    expect(memory.bytes.every((byte) => byte === 0)).toBe(true);
    expect(memory.openClients).toBe(0);
  });

  test('is one of clients without witnesses', async () => {
    const run = runLoad({ ...options, historyFile: join(folder, 'blind.jsonl') }, { open: new FakeMemory().open });
    await expect(run).rejects.toEqual(refusal('leave the history out'));
  });
});
