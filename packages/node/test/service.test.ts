import { InvariantError, limits, type Message, PagewireError, type RequestMessage, regionId } from '@pagewire/protocol';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createService, serviceLimits } from '../src/service.js';
import type { Service } from '../src/service-host.js';
import { TestHost, TestLink, type TestRegion } from './service-fixture.js';

let host: TestHost;
let service: Service;
let grid: TestRegion;
const fatal = vi.fn();

/** A client that has opened nothing. */
function stranger(): TestLink {
  const link = new TestLink();
  const acceptance = service.accept(link.peer, link);
  expect(acceptance).toHaveProperty('handlers');
  if ('handlers' in acceptance) link.handlers = acceptance.handlers;
  return link;
}

/** A client that has opened region "grid". */
async function client(): Promise<TestLink> {
  const link = stranger();
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
const add = (id: number, offset: number): RequestMessage => ({
  kind: 'operate',
  id,
  region: grid.id,
  offset,
  atomic: { op: 'add', type: 'int32', operand: 1, replacement: 0 },
});

beforeEach(() => {
  host = new TestHost();
  service = createService(host, { fatal });
  grid = host.create('grid', 1 << 20, 4096);
  fatal.mockReset();
});

describe('requests', () => {
  test('reads, writes and atomics are answered with their results', async () => {
    const link = await client();
    link.ask(write(1, 10, 7, 8, 9));
    link.ask(read(2, 9, 4));
    link.ask(add(3, 4096));
    link.ask(add(4, 4096));
    await vi.waitFor(() => expect(link.answered).toHaveLength(4));
    expect(link.reply(1)).toEqual({ kind: 'written', id: 1 });
    expect(link.reply(2)).toMatchObject({ kind: 'bytes-read', content: Uint8Array.of(0, 7, 8, 9) });
    expect(link.reply(4)).toEqual({ kind: 'operated', id: 4, value: 1 });
    // The first opened the region.
    expect(service.operations).toBe(5);
  });

  test.each<[string, RequestMessage, string]>([
    ['a region that is not open', { kind: 'read', id: 1, region: regionId(99), offset: 0, length: 1 }, 'no-such-region'],
    ['a range across the end', { kind: 'read', id: 1, region: regionId(1), offset: (1 << 20) - 1, length: 2 }, 'out-of-range'],
    ['a write across the end', { kind: 'write', id: 1, region: regionId(1), offset: 1 << 20, content: Uint8Array.of(1) }, 'out-of-range'],
    [
      'a misaligned atomic',
      { kind: 'operate', id: 1, region: regionId(1), offset: 2, atomic: { op: 'load', type: 'int32', operand: 0, replacement: 0 } },
      'misaligned',
    ],
    ['a region name with a space', { kind: 'open-region', id: 1, name: 'a b' }, 'bad-argument'],
    ['a page size that is no power of two', { kind: 'open-region', id: 1, name: 'a', bytes: 100, pageBytes: 100 }, 'bad-argument'],
    ['a region that does not exist', { kind: 'delete-region', id: 1, name: 'nope' }, 'no-such-region'],
  ])('%s is refused with a code, and the client goes on', async (_what, request, code) => {
    const link = await client();
    link.ask(request);
    link.ask({ kind: 'status', id: 2 });
    await vi.waitFor(() => expect(link.answered).toHaveLength(2));
    expect(link.reply(1)).toMatchObject({ kind: 'failed', code });
    expect(link.reply(2)).toMatchObject({ kind: 'status-reported', json: '{"name":"n1"}' });
    expect(link.end).toBeUndefined();
  });

  test('an operating error of the node reaches the client with its code and message', async () => {
    const link = await client();
    grid.failure = new PagewireError('page-lost', 'page 0 of region "grid" is lost');
    link.ask(read(1, 0, 1));
    await vi.waitFor(() =>
      expect(link.reply(1)).toEqual({ kind: 'failed', id: 1, code: 'page-lost', message: 'page 0 of region "grid" is lost' }),
    );
  });

  test('a bug is handed to the node and nothing of it to the client', async () => {
    const link = await client();
    grid.failure = new InvariantError('two owners');
    link.ask(read(1, 0, 1));
    await vi.waitFor(() => expect(fatal).toHaveBeenCalledWith(grid.failure));
    expect(link.received).toEqual([]);
  });

  test('a status that is too long to send is refused with a code', async () => {
    const link = await client();
    host.statusJson = JSON.stringify('x'.repeat(limits.maxStatusBytes));
    link.ask({ kind: 'status', id: 1 });
    await vi.waitFor(() => expect(link.reply(1)).toMatchObject({ kind: 'failed', code: 'overloaded' }));
  });

  test('a read and a write of nothing succeed, at the end of the region too', async () => {
    const link = await client();
    link.ask(read(1, 1 << 20, 0));
    link.ask(write(2, 1 << 20));
    await vi.waitFor(() => expect(link.answered.sort()).toEqual([1, 2]));
    expect(link.reply(1)).toMatchObject({ kind: 'bytes-read', content: new Uint8Array(0) });
  });
});

describe('confirmation before exposure', () => {
  test('no answer about memory leaves before what it depends on is confirmed', async () => {
    const link = await client();
    let confirm = () => {};
    host.exposure = new Promise((resolve) => {
      confirm = resolve;
    });
    link.ask(write(1, 0, 1));
    link.ask(read(2, 4096, 1));
    link.ask({ kind: 'status', id: 3 });
    await vi.waitFor(() => expect(link.answered).toEqual([3]));
    expect(grid.memory[0]).toBe(1);
    confirm();
    await vi.waitFor(() => expect(link.answered).toEqual([3, 1, 2]));
  });

  test('a write that the node was fenced on has an unknown outcome, and a read is refused', async () => {
    const link = await client();
    host.exposure = Promise.reject(new PagewireError('outcome-unknown', 'the node was fenced'));
    link.ask(write(1, 0, 1));
    link.ask(read(2, 4096, 1));
    await vi.waitFor(() => expect(link.answered).toHaveLength(2));
    expect(link.reply(1)).toMatchObject({ kind: 'failed', code: 'outcome-unknown' });
    expect(link.reply(2)).toMatchObject({ kind: 'failed', code: 'fenced' });
  });
});

describe('order on one page', () => {
  test('a read that would hit does not overtake an earlier write that waits for its page', async () => {
    const link = await client();
    grid.setRight(0, 'readonly');
    link.ask(write(1, 0, 42));
    link.ask(read(2, 0, 1));
    link.ask(read(3, 4096, 1));
    await vi.waitFor(() => expect(link.answered).toEqual([3]));
    grid.setRight(0, 'exclusive');
    await vi.waitFor(() => expect(link.answered).toEqual([3, 1, 2]));
    expect(link.reply(2)).toMatchObject({ content: Uint8Array.of(42) });
  });

  test('a write that waits behind another keeps its bytes', async () => {
    const link = await client();
    grid.setRight(0, 'none');
    link.ask(read(1, 0, 1));
    link.ask(write(2, 0, 5));
    grid.setRight(0, 'exclusive');
    await vi.waitFor(() => expect(link.answered).toEqual([1, 2]));
    expect(grid.memory[0]).toBe(5);
  });

  test('operations on one page that need the same right wait for it together', async () => {
    const link = await client();
    grid.setRight(0, 'none');
    for (let id = 1; id <= 50; id++) link.ask(add(id, 0));
    expect(grid.waiting).toBe(50);
  });

  test('one client does not wait for another on the same page', async () => {
    const [writer, reader] = [await client(), await client()];
    grid.setRight(0, 'readonly');
    writer.ask(write(1, 0, 42));
    reader.ask(read(1, 0, 1));
    await vi.waitFor(() => expect(reader.answered).toEqual([1]));
    expect(writer.answered).toEqual([]);
  });

  test('an operation that fails lets the next one run', async () => {
    const link = await client();
    grid.setRight(0, 'none');
    link.ask(read(1, 0, 1));
    link.ask(write(2, 0, 1));
    link.ask(read(3, 0, 1));
    grid.failure = new PagewireError('timeout', 'too late');
    grid.setRight(0, 'exclusive');
    await vi.waitFor(() => expect(link.answered).toEqual([1, 2, 3]));
    expect(link.reply(3)).toMatchObject({ kind: 'failed', code: 'timeout' });
  });
});

describe('limits and misbehaviour', () => {
  test('operations past the limit are refused with overloaded while the others go on', async () => {
    const link = await client();
    grid.setRight(0, 'none');
    for (let id = 1; id <= limits.maxOperationsPerClient + 1; id++) link.ask(add(id, 0));
    expect(link.answered).toEqual([limits.maxOperationsPerClient + 1]);
    expect(link.received[0]).toMatchObject({ kind: 'failed', code: 'overloaded' });
    grid.setRight(0, 'exclusive');
    await vi.waitFor(() => expect(link.answered).toHaveLength(limits.maxOperationsPerClient + 1));
    expect(new Int32Array(grid.memory.buffer)[0]).toBe(limits.maxOperationsPerClient);
  });

  test('a client that leaves its answers unread is refused more until it has read them, and no other is', async () => {
    const [slow, healthy] = [await client(), await client()];
    slow.bufferedBytes = serviceLimits.maxBytesPerClient;
    slow.ask(read(1, 0, 1));
    healthy.ask(read(1, 0, 1));
    await vi.waitFor(() => expect(healthy.reply(1)).toMatchObject({ kind: 'bytes-read' }));
    expect(slow.reply(1)).toMatchObject({ kind: 'failed', code: 'overloaded' });
    slow.bufferedBytes = 0;
    slow.ask(read(2, 0, 1));
    await vi.waitFor(() => expect(slow.reply(2)).toMatchObject({ kind: 'bytes-read' }));
  });

  test('a client may have no more than so many bytes under way', async () => {
    const link = await client();
    grid.setRight(0, 'none');
    const count = serviceLimits.maxBytesPerClient / limits.maxOperationBytes;
    for (let id = 1; id <= count + 1; id++) link.ask(read(id, 0, limits.maxOperationBytes));
    expect(link.received).toEqual([expect.objectContaining({ kind: 'failed', id: count + 1, code: 'overloaded' })]);
    grid.setRight(0, 'exclusive');
    await vi.waitFor(() => expect(link.answered).toHaveLength(count + 1));
    link.ask(read(count + 2, 0, limits.maxOperationBytes));
    await vi.waitFor(() => expect(link.reply(count + 2)).toMatchObject({ kind: 'bytes-read' }));
  });

  test.each<[string, Message]>([
    ['a message between nodes', { kind: 'renewed', sentAt: 1 }],
    ['an answer', { kind: 'written', id: 1 }],
  ])('%s from a client ends its link', async (_what, message) => {
    const link = await client();
    link.ask(message);
    expect(link.end).toMatchObject({ code: 'protocol-violation', reason: expect.stringContaining(message.kind) });
  });

  test('bytes that are no message end the link with the reason', async () => {
    const link = await client();
    link.feed(Uint8Array.of(1, 2, 3));
    expect(link.end).toMatchObject({ code: 'protocol-violation', reason: expect.stringContaining('malformed') });
  });

  test('operations of a client that has gone do not start', async () => {
    const link = await client();
    grid.setRight(0, 'none');
    link.ask(read(1, 0, 1));
    link.ask(write(2, 0, 1));
    link.handlers?.closed({ code: 'unreachable', reason: 'cut' });
    grid.setRight(0, 'exclusive');
    await vi.waitFor(() => expect(service.operations).toBe(2));
    expect(grid.effects).toEqual(['read 0']);
    expect(link.received).toEqual([]);
  });

  test('clients past the limit are refused until one goes', () => {
    const links = Array.from({ length: serviceLimits.maxClients }, stranger);
    const late = new TestLink();
    expect(service.accept(late.peer, late)).toMatchObject({ refuse: { code: 'overloaded' } });
    links[0]?.handlers?.closed({ code: 'closed', reason: '' });
    expect(service.accept(late.peer, late)).toHaveProperty('handlers');
  });

  test('close ends every client in good order and refuses new ones', async () => {
    const link = await client();
    service.close();
    expect(link.end).toMatchObject({ code: 'closed' });
    expect(service.accept(link.peer, link)).toMatchObject({ refuse: { code: 'closed' } });
  });
});
