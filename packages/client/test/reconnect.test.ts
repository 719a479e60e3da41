import type { RequestMessage } from '@pagewire/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Client, type ClientRegion, connect } from '../src/index.js';
import { FakeNode } from './fake-node.js';

let node: FakeNode;
let client: Client;
let region: ClientRegion;

beforeEach(async () => {
  node = await FakeNode.start();
  client = await connect(node.url);
  region = await client.region('grid', { bytes: 1 << 20, pageBytes: 4096 });
});

afterEach(async () => {
  await client.close();
  await node.stop();
});

/** What an operation ended with: its result or its error. */
const outcome = (operation: Promise<unknown>): Promise<unknown> => operation.catch((error: unknown) => error);

/** Leaves requests of these kinds unanswered. */
function holdBack(...kinds: RequestMessage['kind'][]): void {
  node.answer = (request) => (kinds.includes(request.kind) ? undefined : node.serve(request));
}

function serveAll(): void {
  node.answer = (request) => node.serve(request);
}

describe('when the node dies and comes back', () => {
  test('what may have happened ends as unknown and says what it was', async () => {
    holdBack('write', 'operate', 'delete-region');
    const operations = {
      write: outcome(region.write(4, Uint8Array.of(1, 2))),
      add: outcome(region.atomics.add('int32', 8, 1)),
      delete: outcome(client.deleteRegion('other')),
    };
    await vi.waitFor(() => expect(node.of('delete-region')).toHaveLength(1));
    await node.restart();
    expect(await operations.write).toMatchObject({
      code: 'outcome-unknown',
      message: expect.stringContaining('write of 2 bytes at 4 of region "grid"'),
    });
    expect(await operations.add).toMatchObject({ code: 'outcome-unknown', message: expect.stringContaining('add on int32 at 8') });
    expect(await operations.delete).toMatchObject({ code: 'outcome-unknown', message: expect.stringContaining('"other"') });
    serveAll();
    await client.status();
    expect([node.of('write').length, node.of('operate').length, node.of('delete-region').length]).toEqual([1, 1, 1]);
  });

  test('what is harmless to repeat is asked again', async () => {
    holdBack('read', 'operate', 'status', 'list-regions', 'open-region');
    const operations = [
      region.read(0, 4),
      region.atomics.load('int32', 0),
      client.status(),
      client.regions(),
      client.region('other', { bytes: 4096 }),
    ] as const;
    await vi.waitFor(() => expect(node.of('open-region')).toHaveLength(2));
    serveAll();
    await node.restart();
    const [bytes, loaded, status, regions, other] = await Promise.all(operations);
    expect(bytes).toEqual(new Uint8Array(4));
    expect(loaded).toBe(0);
    expect(status).toEqual({ name: 'fake' });
    expect(regions).toContainEqual(expect.objectContaining({ name: 'grid' }));
    expect(other.name).toBe('other');
  });

  test('operations started meanwhile wait for it, and happen once', async () => {
    await node.stop();
    await vi.waitFor(() => expect(client.state).toBe('reconnecting'));
    const operations = [region.atomics.add('int32', 0, 1), region.write(100, Uint8Array.of(7)), region.read(100, 1)] as const;
    await node.restart();
    expect(await operations[0]).toBe(0);
    await operations[1];
    expect(await operations[2]).toEqual(Uint8Array.of(7));
    expect(await region.atomics.load('int32', 0)).toBe(1);
    expect(client.state).toBe('open');
  });

  test('a handle goes on if its region is still the same one', async () => {
    await region.write(0, Uint8Array.of(5));
    await node.restart();
    expect(await region.read(0, 1)).toEqual(Uint8Array.of(5));
    expect(node.of('open-region').at(-1)).toMatchObject({ name: 'grid', bytes: undefined });
  });

  test('a handle of a region that was made anew fails, and so do operations that waited', async () => {
    await node.stop();
    await vi.waitFor(() => expect(client.state).toBe('reconnecting'));
    const waiting = outcome(region.read(0, 1));
    node.addRegion('grid', 1 << 20, 4096);
    await node.restart();
    expect(await waiting).toMatchObject({ code: 'no-such-region', message: expect.stringContaining('anew') });
    expect(await outcome(region.write(0, Uint8Array.of(1)))).toMatchObject({ code: 'no-such-region' });
    expect(await (await client.region('grid')).read(0, 1)).toHaveLength(1);
  });

  test.each([
    ['size', { bytes: 4096, pageBytes: 4096 }],
    ['page size', { bytes: 1 << 20, pageBytes: 64 }],
  ])('a handle of a region that has its name and number again, but another %s, fails', async (_what, shape) => {
    node.records.set('grid', { ...node.recordOf('grid'), ...shape });
    await node.restart();
    expect(await outcome(region.read(0, 1))).toMatchObject({ code: 'no-such-region', message: expect.stringContaining('anew') });
    expect(node.of('read')).toEqual([]);
    expect(await (await client.region('grid')).read(0, 1)).toHaveLength(1);
  });

  test('a handle whose number the node gives to another region fails, and that of the other works', async () => {
    const { region: number } = node.recordOf('grid');
    node.records.set('other', { region: number, name: 'other', bytes: 4096, pageBytes: 4096 });
    const other = await client.region('other');
    expect(await outcome(region.read(0, 1))).toMatchObject({ code: 'no-such-region' });
    expect(await other.read(0, 1)).toHaveLength(1);
  });

  test('a handle of a region that is gone fails', async () => {
    node.records.clear();
    await node.restart();
    expect(await outcome(region.read(0, 1))).toMatchObject({ code: 'no-such-region' });
  });

  test('a region that the node cannot open at once is asked for again', async () => {
    let refusals = 0;
    node.answer = (request) => {
      const refuse = request.kind === 'open-region' && refusals++ < 2;
      return refuse ? { kind: 'failed', id: request.id, code: 'unreachable', message: 'no coordinator' } : node.serve(request);
    };
    await node.restart();
    expect(await region.read(0, 1)).toHaveLength(1);
    expect(refusals).toBe(3);
  });

  test('a region that is opened again goes on for all its handles, though it could not be confirmed', async () => {
    node.answer = (request) => {
      const confirms = request.kind === 'open-region' && request.bytes === undefined;
      return confirms ? { kind: 'failed', id: request.id, code: 'unreachable', message: 'no coordinator' } : node.serve(request);
    };
    await node.restart();
    const waiting = region.read(0, 1);
    await vi.waitFor(() => expect(node.of('open-region').length).toBeGreaterThan(1));
    const again = await client.region('grid', { bytes: 1 << 20, pageBytes: 4096 });
    expect(await waiting).toHaveLength(1);
    expect(await again.read(0, 1)).toHaveLength(1);
  });

  test('a refusal by the new node does not end the client', async () => {
    node.refuse = { code: 'overloaded', reason: 'full' };
    await node.restart();
    const read = region.read(0, 1);
    await vi.waitFor(() => expect(client.state).toBe('reconnecting'));
    node.refuse = undefined;
    expect(await read).toHaveLength(1);
  });
});

describe('deadlines', () => {
  const operationTimeoutMs = 60;

  test('an operation sent and not answered is unknown if it writes, late if it reads', async () => {
    await using hasty = await connect(node.url, { operationTimeoutMs });
    const cells = await hasty.region('grid');
    holdBack('read', 'write');
    const [read, write] = await Promise.all([outcome(cells.read(0, 1)), outcome(cells.write(0, Uint8Array.of(1)))]);
    expect(read).toMatchObject({ code: 'timeout', message: expect.stringContaining('read of 1 bytes') });
    expect(write).toMatchObject({ code: 'outcome-unknown', message: expect.stringContaining('write of 1 bytes') });
  });

  test('an operation that could not be sent for lack of a node was not started', async () => {
    await using hasty = await connect(node.url, { operationTimeoutMs });
    const cells = await hasty.region('grid');
    await node.stop();
    await vi.waitFor(() => expect(hasty.state).toBe('reconnecting'));
    const failure = await outcome(cells.write(0, Uint8Array.of(1)));
    expect(failure).toMatchObject({ code: 'unreachable', message: expect.stringContaining('not started') });
  });

  test('an operation that waited behind others until its deadline was not started', async () => {
    await using hasty = await connect(node.url, { operationTimeoutMs, maxInFlight: 1 });
    const cells = await hasty.region('grid');
    holdBack('read', 'write');
    const [, write] = await Promise.all([outcome(cells.read(0, 1)), outcome(cells.write(0, Uint8Array.of(1)))]);
    expect(write).toMatchObject({ code: 'timeout', message: expect.stringContaining('not started') });
    expect(node.of('write')).toEqual([]);
  });

  test('an answer that comes too late is ignored', async () => {
    await using hasty = await connect(node.url, { operationTimeoutMs });
    holdBack('status');
    expect(await outcome(hasty.status())).toMatchObject({ code: 'timeout' });
    for (const request of node.of('status')) node.send(node.serve(request));
    serveAll();
    expect(await hasty.status()).toEqual({ name: 'fake' });
    expect(node.links).toHaveLength(2);
  });
});

describe('a node that breaks the protocol', () => {
  const wrongAnswers: [string, (request: RequestMessage) => void][] = [
    ['an answer of another kind', ({ id }) => node.send({ kind: 'written', id })],
    ['a read of another length', ({ id }) => node.send({ kind: 'bytes-read', id, content: Uint8Array.of(1, 2, 3) })],
    ['an answer to what was never asked', () => node.send({ kind: 'written', id: 1_000_000 })],
    ['a message that is not for clients', () => node.send({ kind: 'leave' })],
    ['bytes that are no message', () => node.sendRaw(Uint8Array.of(255, 0, 255))],
  ];

  test.each(wrongAnswers)('%s ends the link, and the operation goes on over the next', async (_what, misbehave) => {
    let reads = 0;
    node.answer = (request) => {
      const first = request.kind === 'read' && reads++ === 0;
      if (first) misbehave(request);
      return first ? undefined : node.serve(request);
    };
    expect(await region.read(0, 4)).toEqual(new Uint8Array(4));
    expect(reads).toBe(2);
    expect(node.peers).toHaveLength(2);
  });

  test('a region record that cannot be is refused', async () => {
    node.records.set('odd', { ...node.recordOf('grid'), name: 'odd', pageBytes: 0 });
    await using hasty = await connect(node.url, { operationTimeoutMs: 60 });
    expect(await outcome(hasty.region('odd'))).toBeInstanceOf(Error);
  });

  test('random bytes never bring the client down', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 10 }), async (envelopes) => {
        for (const envelope of envelopes) node.sendRaw(envelope);
        expect(await client.status()).toEqual({ name: 'fake' });
      }),
      { numRuns: 30 },
    );
  });
});
