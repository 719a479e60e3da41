import type { RequestMessage } from '@pagewire/protocol';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createService } from '../src/service.js';
import type { Service } from '../src/service-host.js';
import { TestHost, TestLink, type TestRegion } from './service-fixture.js';

let host: TestHost;
let service: Service;
let grid: TestRegion;

/** A client that has opened region "grid". */
async function client(): Promise<TestLink> {
  const link = new TestLink();
  const acceptance = service.accept(link.peer, link);
  link.handlers = 'handlers' in acceptance ? acceptance.handlers : undefined;
  await link.open('grid');
  return link;
}

const read = (id: number, offset: number, length: number): RequestMessage => ({ kind: 'read', id, region: grid.id, offset, length });
const write = (id: number, offset: number, ...bytes: number[]): RequestMessage => ({
  kind: 'write',
  id,
  region: grid.id,
  offset,
  content: Uint8Array.from(bytes),
});

beforeEach(() => {
  host = new TestHost();
  service = createService(host);
  grid = host.create('grid', 1 << 20, 4096);
});

describe('deadlines', () => {
  const timedOut = { kind: 'failed', code: 'timeout', message: expect.stringContaining('was not started') };

  test('an operation whose turn does not come in time is not started, and says so', async () => {
    host.faultTimeoutMs = 30;
    const link = await client();
    grid.setRight(0, 'readonly');
    link.ask(write(1, 0, 1));
    link.ask(read(2, 0, 1));
    link.ask(read(3, 0, 1));
    await vi.waitFor(() => expect(link.answered).toEqual([2, 3]));
    expect([link.reply(2), link.reply(3)]).toMatchObject([timedOut, timedOut]);
    grid.setRight(0, 'exclusive');
    await vi.waitFor(() => expect(link.reply(1)).toEqual({ kind: 'written', id: 1 }));
    expect(grid.effects).toEqual(['write 0']);
  });

  test('those behind one that gave up take its place', async () => {
    host.faultTimeoutMs = 30;
    const link = await client();
    grid.setRight(0, 'none');
    link.ask(read(1, 0, 1));
    link.ask(write(2, 0, 1));
    await vi.waitFor(() => expect(link.reply(2)).toMatchObject(timedOut));
    link.ask(read(3, 0, 1));
    expect(grid.waiting).toBe(2);
  });

  test('the time that an operation waits for its turn is taken from the time it has for its pages', async () => {
    const link = await client();
    grid.setRight(0, 'readonly');
    const arrived = performance.now();
    link.ask(write(1, 0, 1));
    link.ask(read(2, 0, 1));
    const asked = performance.now();
    await vi.waitFor(() => expect(performance.now()).toBeGreaterThan(asked + 5), { interval: 1 });
    grid.setRight(0, 'exclusive');
    await vi.waitFor(() => expect(link.answered).toEqual([1, 2]));
    expect(grid.deadlines).toHaveLength(1);
    expect(grid.deadlines[0]).toBeGreaterThanOrEqual(arrived + host.faultTimeoutMs);
    expect(grid.deadlines[0]).toBeLessThanOrEqual(asked + host.faultTimeoutMs);
  });

  test('an operation that waits is forgotten with its client', async () => {
    host.faultTimeoutMs = 30;
    const link = await client();
    grid.setRight(0, 'none');
    link.ask(read(1, 0, 1));
    link.ask(write(2, 0, 1));
    link.handlers?.closed({ code: 'unreachable', reason: 'cut' });
    const other = await client();
    other.ask(read(1, 0, 1));
    other.ask(write(2, 0, 1));
    await vi.waitFor(() => expect(other.reply(2)).toMatchObject(timedOut));
    // Of four operations and two openings, those that wait for their pages and the one that nobody waits for have not ended.
    expect(service.operations).toBe(3);
  });
});
