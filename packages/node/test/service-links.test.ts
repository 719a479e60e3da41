import { decodeMessage, encodeMessage, limits, type Message, regionId } from '@pagewire/protocol';
import { dial, type Link, type Listener, listen } from '@pagewire/transport';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createService, serviceLimits } from '../src/service.js';
import { TestHost } from './service-fixture.js';

let listener: Listener;
/** The node's ends of the links. */
let served: Link[];
let dialed: Link[];

beforeEach(async () => {
  const host = new TestHost();
  host.create('grid', 1 << 20, 4096);
  const service = createService(host);
  [served, dialed] = [[], []];
  listener = await listen({
    host: '127.0.0.1',
    port: 0,
    accept: (peer, link) => {
      served.push(link);
      return service.accept(peer, link);
    },
  });
});

afterEach(async () => {
  for (const link of dialed) link.destroy();
  await listener.close();
});

async function client(transport: 'ws' | 'grpc'): Promise<{ link: Link; answers: string[] }> {
  const answers: string[] = [];
  const link = dial({
    url: listener.url(transport),
    attributes: { role: 'client' },
    handlers: {
      envelope: (bytes) => {
        const decoded = decodeMessage(bytes);
        answers.push(decoded.ok ? decoded.message.kind : decoded.reason);
      },
      closed: ({ code }) => answers.push(code),
    },
  });
  dialed.push(link);
  await vi.waitFor(() => expect(link.state).toBe('open'));
  return { link, answers };
}

const ask = (link: Link, message: Message) => link.send(encodeMessage(message));

test.each(['ws', 'grpc'] as const)('a client that stops reading over %s costs a bounded amount and disturbs nobody', async (transport) => {
  const slow = await client(transport);
  const healthy = await client(transport);
  for (const { link, answers } of [slow, healthy]) {
    ask(link, { kind: 'open-region', id: 1000, name: 'grid' });
    await vi.waitFor(() => expect(answers).toEqual(['region-opened']));
    answers.length = 0;
  }
  const reads = 400;
  slow.link.pause();
  for (let id = 0; id < reads; id++) ask(slow.link, { kind: 'read', id, region: regionId(1), offset: 0, length: limits.maxOperationBytes });
  await vi.waitFor(() => expect(served[0]?.bufferedBytes).toBeGreaterThan(serviceLimits.maxBytesPerClient / 2), { timeout: 5000 });
  for (let id = 0; id < 100; id++) ask(healthy.link, { kind: 'read', id, region: regionId(1), offset: 0, length: 4096 });
  await vi.waitFor(() => expect(healthy.answers).toHaveLength(100), { timeout: 5000 });
  expect(served[0]?.bufferedBytes).toBeLessThan(serviceLimits.maxBytesPerClient + limits.maxOperationBytes);
  slow.link.resume();
  await vi.waitFor(() => expect(slow.answers).toHaveLength(reads), { timeout: 10_000 });
  expect(new Set(slow.answers)).toEqual(new Set(['bytes-read', 'failed']));
});

test('a client that sends garbage loses its link and no other does', async () => {
  const vandal = await client('ws');
  const healthy = await client('ws');
  vandal.link.send([Uint8Array.of(1, 2, 3)]);
  await vi.waitFor(() => expect(vandal.answers).toEqual([expect.any(String)]), { timeout: 5000 });
  ask(healthy.link, { kind: 'status', id: 1 });
  await vi.waitFor(() => expect(healthy.answers).toEqual(['status-reported']));
});
