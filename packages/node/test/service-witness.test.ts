import { type ReplyMessage, type RequestMessage, regionId } from '@pagewire/protocol';
import { expect, test, vi } from 'vitest';
import { createService } from '../src/service.js';
import { TestHost, TestLink } from './service-fixture.js';

/** Asks a node that has one region of 16 pages, and gives the answers in the order of the questions. */
async function answersTo(...requests: readonly RequestMessage[]): Promise<(ReplyMessage | undefined)[]> {
  const host = new TestHost();
  host.create('grid', 1 << 16, 4096);
  const link = new TestLink();
  const acceptance = createService(host).accept(link.peer, link);
  if ('handlers' in acceptance) link.handlers = acceptance.handlers;
  await link.open('grid');
  for (const request of requests) link.ask(request);
  await vi.waitFor(() => expect(link.answered).toHaveLength(requests.length));
  return requests.map(({ id }) => link.reply(id));
}

const region = regionId(1);
const witness = { incarnation: 7, version: 3 };
const atomic = { op: 'add', type: 'int32', operand: 1, replacement: 0 } as const;

test('an access that asks for a witness is answered with one', async () => {
  const [read, written, operated] = await answersTo(
    { kind: 'read', id: 1, region, offset: 0, length: 4, witness: true },
    { kind: 'write', id: 2, region, offset: 0, content: Uint8Array.of(1), witness: true },
    { kind: 'operate', id: 3, region, offset: 8, atomic, witness: true },
  );
  expect(read).toMatchObject({ kind: 'bytes-read', witness: { ...witness, serial: 1 } });
  expect(written).toMatchObject({ kind: 'written', witness: { ...witness, serial: 2 } });
  expect(operated).toMatchObject({ kind: 'operated', value: 0, witness: { ...witness, serial: 3 } });
});

test('an access that does not ask for one is answered as ever', async () => {
  const [read, written, operated] = await answersTo(
    { kind: 'read', id: 1, region, offset: 0, length: 1 },
    { kind: 'write', id: 2, region, offset: 0, content: Uint8Array.of(1), witness: false },
    { kind: 'operate', id: 3, region, offset: 8, atomic },
  );
  expect(read).toEqual({ kind: 'bytes-read', id: 1, content: Uint8Array.of(0) });
  expect(written).toEqual({ kind: 'written', id: 2 });
  expect(operated).toEqual({ kind: 'operated', id: 3, value: 0 });
});

test('an access to several pages has no witness and is refused when it asks for one', async () => {
  const answers = await answersTo(
    { kind: 'read', id: 1, region, offset: 4095, length: 2, witness: true },
    { kind: 'write', id: 2, region, offset: 4095, content: new Uint8Array(2), witness: true },
    { kind: 'read', id: 3, region, offset: 0, length: 0, witness: true },
    { kind: 'read', id: 4, region, offset: 4095, length: 2 },
  );
  expect(answers.map((answer) => (answer?.kind === 'failed' ? answer.code : answer?.kind))).toEqual([
    'bad-argument',
    'bad-argument',
    'bad-argument',
    'bytes-read',
  ]);
});
