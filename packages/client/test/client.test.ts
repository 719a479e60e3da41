import {
  type Atomic,
  incarnation,
  limits,
  PagewireError,
  type RegionOptions,
  type RequestMessage,
  version,
  type Witness,
} from '@pagewire/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Client, type ClientRegion, clientDefaults, connect, connectAdmin, requestStatus } from '../src/index.js';
import { FakeNode } from './fake-node.js';

let node: FakeNode;
let client: Client;
let region: ClientRegion;

beforeEach(async () => {
  node = await FakeNode.start();
  client = await connect(node.url);
  region = await client.region('grid', { bytes: 4 << 20, pageBytes: 4096 });
});

afterEach(async () => {
  await client.close();
  await node.stop();
});

/** Leaves requests of these kinds unanswered. */
function holdBack(...kinds: RequestMessage['kind'][]): void {
  node.answer = (request) => (kinds.includes(request.kind) ? undefined : node.serve(request));
}

describe('accesses that are witnessed', () => {
  const witness = { incarnation: incarnation(4), version: version(9), serial: 17 };

  test('ask for a witness and tell it before they end', async () => {
    node.answer = (request) => ({ ...node.serve(request), witness });
    const told: unknown[] = [];
    const performed = (seen: Witness, confirmed?: Promise<void>) => told.push([seen, confirmed]);
    await region.witnessed.write(8, Uint8Array.of(5, 0, 0, 0), performed);
    expect(await region.witnessed.read(8, 4, performed)).toEqual(Uint8Array.of(5, 0, 0, 0));
    expect(await region.witnessed.operate(8, { op: 'add', type: 'int32', operand: 1, replacement: 0 }, performed)).toBe(5);
    expect(told).toEqual([[witness, undefined], [witness, undefined], [witness, undefined]]); // biome-ignore format: a list
    expect(['read', 'write', 'operate'].map((kind) => node.asked.find(({ request }) => request.kind === kind)?.request)).toEqual([
      expect.objectContaining({ witness: true }),
      expect.objectContaining({ witness: true }),
      expect.objectContaining({ witness: true }),
    ]);
  });

  test('lie on one page', async () => {
    const refusal = expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining('lies on one page') });
    await expect(region.witnessed.read(4095, 2, () => {})).rejects.toEqual(refusal);
    await expect(region.witnessed.write(4095, new Uint8Array(2), () => {})).rejects.toEqual(refusal);
    expect(node.asked.map(({ request }) => request.kind)).toEqual(['open-region']);
  });

  test('are not taken for answered without the witness that they asked for', async () => {
    await expect(region.witnessed.write(0, Uint8Array.of(1), () => {})).rejects.toMatchObject({ code: 'outcome-unknown' });
  });

  test('are refused when there is nobody to tell it to', async () => {
    // Programs in JavaScript can pass anything.
    const nobody = undefined as unknown as () => void;
    const nothing = undefined as unknown as Atomic;
    await expect(region.witnessed.read(0, 1, nobody)).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(region.witnessed.write(0, new Uint8Array(1), nobody)).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(region.witnessed.operate(0, nothing, () => {})).rejects.toMatchObject({ code: 'bad-argument' });
  });

  test('end well, and the client goes on, also when who is told throws', async () => {
    const thrown: unknown[] = [];
    const { queueMicrotask } = globalThis;
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) =>
      queueMicrotask(() => {
        try {
          callback();
        } catch (error) {
          thrown.push(error);
        }
      }),
    );
    node.answer = (request) => ({ ...node.serve(request), witness });
    const deaf = (): never => {
      throw new Error('not now');
    };
    expect(await region.witnessed.operate(8, { op: 'add', type: 'int32', operand: 1, replacement: 0 }, deaf)).toBe(0);
    expect(await region.read(8, 1)).toEqual(Uint8Array.of(1));
    vi.restoreAllMocks();
    expect(thrown).toEqual([new Error('not now')]);
  });

  test('others do not ask for one', async () => {
    await region.read(0, 4);
    expect(node.of('read')).toEqual([expect.not.objectContaining({ witness: expect.anything() })]);
  });
});

describe('operations', () => {
  test('a read returns what was written', async () => {
    await region.write(100, Uint8Array.of(1, 2, 3));
    expect(await region.read(99, 5)).toEqual(Uint8Array.of(0, 1, 2, 3, 0));
    expect(await region.read(region.bytes, 0)).toEqual(new Uint8Array(0));
  });

  test('every atomic does what Atomics does', async () => {
    const cell = new Int32Array(1);
    for (const op of ['add', 'sub', 'and', 'or', 'xor', 'exchange', 'store'] as const) {
      expect(await region.atomics[op]('int32', 64, 29), op).toBe(Atomics[op](cell, 0, 29));
      expect(await region.atomics.load('int32', 64), op).toBe(cell[0]);
    }
    expect(await region.atomics.compareExchange('int32', 64, 29, 5)).toBe(29);
    expect(await region.atomics.compareExchange('int32', 64, 29, 6)).toBe(5);
    expect(await region.atomics.sub('uint32', 68, 1)).toBe(0);
    expect(await region.atomics.load('uint32', 68)).toBe(2 ** 32 - 1);
    expect(await region.atomics.add('bigint64', 72, -1n)).toBe(0n);
    expect(await region.atomics.load('bigint64', 72)).toBe(-1n);
  });

  test('regions are listed to the last, however many there are', async () => {
    for (let n = 0; n < 2 * limits.maxRegionsPerList; n++) node.addRegion(`r${n}`, 4096, 4096);
    const names = (await client.regions()).map((record) => record.name);
    expect(names).toHaveLength(2 * limits.maxRegionsPerList + 1);
    expect(names.slice(0, 2)).toEqual(['grid', 'r0']);
  });

  test('status is the object that the node reports, and a report that is none is refused', async () => {
    expect(await client.status()).toEqual({ name: 'fake' });
    node.answer = ({ id }) => ({ kind: 'status-reported', id, json: '[1' });
    await expect(client.status()).rejects.toMatchObject({ code: 'protocol-violation' });
  });

  test('many operations are in flight at once, and answers in any order reach their own', async () => {
    holdBack('read');
    node.memory.set(Uint8Array.from({ length: 200 }, (_, n) => n));
    const reads = Array.from({ length: 200 }, (_, n) => region.read(n, 1));
    await vi.waitFor(() => expect(node.of('read')).toHaveLength(200));
    for (const request of node.of('read').reverse()) node.send(node.serve(request));
    expect((await Promise.all(reads)).map(([byte]) => byte)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  test('a typed failure of the node reaches the caller with its code and message', async () => {
    node.answer = ({ id }) => ({ kind: 'failed', id, code: 'page-lost', message: 'page 0 is lost' });
    const failure = await region.read(0, 1).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PagewireError);
    expect(failure).toMatchObject({ code: 'page-lost', message: 'page 0 is lost' });
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['a read past the end', () => region.read(region.bytes - 1, 2), 'out-of-range'],
    ['a negative offset', () => region.read(-1, 2), 'bad-argument'],
    ['an offset that is no integer', () => region.write(0.5, Uint8Array.of(1)), 'bad-argument'],
    ['a write of something else than bytes', () => region.write(0, 'text' as unknown as Uint8Array), 'bad-argument'],
    ['a write past the end', () => region.write(region.bytes, Uint8Array.of(1)), 'out-of-range'],
    ['a misaligned atomic', () => region.atomics.add('bigint64', 4, 1n), 'misaligned'],
    ['an atomic with a fraction', () => region.atomics.add('int32', 0, 0.5), 'bad-argument'],
    ['an atomic of an unknown type', () => region.atomics.load('float64' as 'int32', 0), 'bad-argument'],
    ['a region name with a space', () => client.region('a b'), 'bad-argument'],
    // Programs in JavaScript can pass anything.
    ['no options at all', () => client.region('a', null as unknown as RegionOptions), 'bad-argument'],
    ['a page size that is a string', () => client.region('a', { bytes: 64, pageBytes: '64' as unknown as number }), 'bad-argument'],
    ['a region of no bytes', () => client.region('a', { bytes: 0 }), 'bad-argument'],
    ['deleting a region without a name', () => client.deleteRegion(''), 'bad-argument'],
  ])('%s is refused before it travels', async (_what, attempt, code) => {
    const before = node.asked.length;
    await expect(attempt()).rejects.toMatchObject({ code });
    await client.status();
    expect(node.asked).toHaveLength(before + 1);
  });
});

describe('long reads and writes', () => {
  const length = 5 * limits.maxOperationBytes + 1000;

  test('travel in pieces on whole pages and arrive whole', async () => {
    const bytes = Uint8Array.from({ length }, (_, n) => n % 251);
    await region.write(1000, bytes);
    expect(Buffer.compare(await region.read(1000, length), bytes)).toBe(0);
    const pieces = node.of('write');
    expect(pieces).toHaveLength(6);
    expect(pieces.slice(1).every((piece) => piece.offset % region.pageBytes === 0)).toBe(true);
    expect(pieces.every((piece) => piece.content.length <= limits.maxOperationBytes)).toBe(true);
  });

  test('a write of which a piece was done and another was not started has an unknown outcome', async () => {
    let pieces = 0;
    node.answer = (request) => {
      pieces++;
      return pieces < 3 ? node.serve(request) : { kind: 'failed', id: request.id, code: 'overloaded', message: 'too much' };
    };
    await expect(region.write(0, new Uint8Array(length))).rejects.toMatchObject({
      code: 'outcome-unknown',
      message: expect.stringContaining('too much'),
    });
  });

  test('a write none of whose pieces was started says so', async () => {
    node.answer = ({ id }) => ({ kind: 'failed', id, code: 'overloaded', message: 'too much' });
    await expect(region.write(0, new Uint8Array(length))).rejects.toMatchObject({ code: 'overloaded' });
  });
});

describe('back-pressure', () => {
  test('operations past maxInFlight wait and are sent in order as answers come', async () => {
    await using narrow = await connect(node.url, { maxInFlight: 2 });
    const cells = await narrow.region('grid');
    holdBack('read');
    const reads = [0, 1, 2, 3, 4].map((offset) => cells.read(offset, 1));
    await vi.waitFor(() => expect(node.of('read')).toHaveLength(2));
    node.send(node.serve(readNumber(0)));
    await vi.waitFor(() => expect(node.of('read').map((request) => request.offset)).toEqual([0, 1, 2]));
    node.answer = (request) => node.serve(request);
    for (const index of [1, 2]) node.send(node.serve(readNumber(index)));
    expect(await Promise.all(reads)).toHaveLength(5);
    expect(node.of('read').map((request) => request.offset)).toEqual([0, 1, 2, 3, 4]);
  });

  test('no more bytes are in flight than a node grants', async () => {
    holdBack('read');
    const pieceCount = clientDefaults.maxInFlightBytes / limits.maxOperationBytes;
    const reads = Array.from({ length: pieceCount + 5 }, () => region.read(0, limits.maxOperationBytes));
    await vi.waitFor(() => expect(node.of('read')).toHaveLength(pieceCount));
    node.send(node.serve(readNumber(0)));
    await vi.waitFor(() => expect(node.of('read')).toHaveLength(pieceCount + 1));
    node.answer = (request) => node.serve(request);
    for (const request of node.of('read').slice(1)) node.send(node.serve(request));
    expect(await Promise.all(reads)).toHaveLength(pieceCount + 5);
  });

  test('a write that waits is sent with the bytes it was called with', async () => {
    await using narrow = await connect(node.url, { maxInFlight: 1 });
    const cells = await narrow.region('grid');
    const bytes = Uint8Array.of(1);
    const writes = [cells.write(0, bytes), cells.write(1, bytes)];
    bytes[0] = 9;
    await Promise.all(writes);
    expect(node.memory.slice(0, 2)).toEqual(Uint8Array.of(1, 1));
  });

  test('operations that may not even wait are refused with overloaded', async () => {
    await using narrow = await connect(node.url, { maxInFlight: 1 });
    holdBack('status');
    const waiting = Array.from({ length: clientDefaults.maxWaiting + 1 }, () => narrow.status().catch((error: unknown) => error));
    await expect(narrow.status()).rejects.toMatchObject({ code: 'overloaded' });
    await narrow.close();
    expect(new Set((await Promise.all(waiting)).map((error) => (error as PagewireError).code))).toEqual(new Set(['closed']));
  });

  const readNumber = (index: number): Extract<RequestMessage, { kind: 'read' }> => {
    const request = node.of('read')[index];
    if (request === undefined) throw new Error(`no read number ${index}`);
    return request;
  };
});

describe('connecting', () => {
  test('tells the node that it is a client', () => {
    expect(node.peers).toEqual([{ role: 'client' }]);
    expect(client.state).toBe('open');
  });

  test('to where nobody listens fails as unreachable and names the address', async () => {
    const { url } = node;
    await node.stop();
    await expect(connect(url, { connectTimeoutMs: 100 })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(url),
    });
  });

  test('to a node that refuses fails with the reason of the refusal', async () => {
    node.refuse = { code: 'overloaded', reason: 'full house' };
    await expect(connect(node.url)).rejects.toMatchObject({ code: 'overloaded', message: expect.stringContaining('full house') });
  });

  test.each([
    ['a URL of another scheme', () => connect('http://127.0.0.1:1')],
    ['a URL that is none', () => connect('nonsense')],
    ['options that are null', () => connect('ws://127.0.0.1:1', null as unknown as object)],
    ['no time to connect', () => connect('ws://127.0.0.1:1', { connectTimeoutMs: 0 })],
    ['no operations in flight', () => connect('ws://127.0.0.1:1', { maxInFlight: 0 })],
    ['more in flight than a node takes', () => connect('ws://127.0.0.1:1', { maxInFlight: limits.maxOperationsPerClient + 1 })],
  ])('with %s is refused as a bad argument', async (_what, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ code: 'bad-argument' });
  });

  test('an admin asks for the status in one call and says who it is', async () => {
    expect(await requestStatus(node.url)).toEqual({ name: 'fake' });
    expect(node.peers.at(-1)).toEqual({ role: 'admin' });
  });

  test('an admin opens, lists and deletes regions', async () => {
    await using admin = await connectAdmin(node.url);
    expect(await admin.openRegion('new', { bytes: 4096 })).toMatchObject({ name: 'new', bytes: 4096 });
    expect(await admin.regions()).toHaveLength(2);
    await admin.deleteRegion('new');
    expect(node.of('delete-region')).toHaveLength(1);
  });
});

describe('closing', () => {
  test('ends what is under way with closed, or with an unknown outcome where it may have happened', async () => {
    holdBack('read', 'write');
    const read = region.read(0, 1).catch((error: unknown) => error);
    const write = region.write(0, Uint8Array.of(1)).catch((error: unknown) => error);
    await vi.waitFor(() => expect(node.of('write')).toHaveLength(1));
    await client.close();
    expect(await read).toMatchObject({ code: 'closed' });
    expect(await write).toMatchObject({ code: 'outcome-unknown' });
    expect(client.state).toBe('closed');
    await expect(region.read(0, 1)).rejects.toMatchObject({ code: 'closed' });
  });
});

test('a region that is deleted fails its handles from then on', async () => {
  node.send({ kind: 'region-deleted', region: node.recordOf('grid').region });
  await client.status();
  await expect(region.read(0, 1)).rejects.toMatchObject({ code: 'no-such-region', message: expect.stringContaining('grid') });
  await expect(region.atomics.load('int32', 0)).rejects.toMatchObject({ code: 'no-such-region' });
});
