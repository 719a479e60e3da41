import { expect, it } from 'vitest';
import { Verdict } from '../src/verdict.js';
import { Bank } from '../src/workloads/bank.js';
import { FakeMemory } from './fake-memory.js';

const pageBytes = 4096;

it('keeps the start of a page when a reading of it that was given up comes back while money moves', async () => {
  const verdict = new Verdict();
  const bank = new Bank({ accounts: 16, pageBytes }, verdict);
  const client = await new FakeMemory().open(0);
  const region = await client.region('bank', { bytes: bank.regionBytes, pageBytes });
  await bank.open(region, 0);
  const move = { region, account: 0, amount: 7, allowed: () => true } as const;
  expect(await bank.change({ ...move, field: 'sent' })).toEqual({ kind: 'done' });
  await bank.open(region, 0);
  expect(await bank.change({ ...move, field: 'received' })).toEqual({ kind: 'done' });
  expect(await bank.checkPage(region, 0)).toMatchObject({ balance: 16_000 });
  expect(verdict.failures).toEqual([]);
});
