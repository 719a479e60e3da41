import { PagewireError } from '@pagewire/protocol';
import { expect, it } from 'vitest';
import { Deferred } from '../src/deferred.js';
import { SendQueue } from '../src/sync/send-queue.js';

/** A queue, what it has sent, and what its messages are to wait for: each takes the next of `gates`, or nothing. */
function queue(...gates: (Deferred<void> | undefined)[]) {
  const sent: number[] = [];
  const made = new SendQueue({
    written: () => undefined,
    exposed: () => gates.shift()?.promise,
    send: ({ id }) => void sent.push(id),
    guard: (work) => work(),
  });
  return { sent, queue: made, lock: (id: number) => made.add({ kind: 'lock', id, name: 'jobs' }) };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('sends at once what need not wait', () => {
  const { sent, lock } = queue();
  lock(1);
  lock(2);
  expect(sent).toEqual([1, 2]);
});

it('keeps what comes behind a message that waits until that has gone', async () => {
  const gate = new Deferred<void>();
  const { sent, lock } = queue(gate);
  lock(1);
  lock(2);
  await turn();
  expect(sent).toEqual([]);
  gate.resolve();
  await turn();
  lock(3);
  expect(sent).toEqual([1, 2, 3]);
});

it('sends nothing of a membership that has ended, and everything of the next', async () => {
  const [never, late] = [new Deferred<void>(), new Deferred<void>()];
  const { sent, lock, queue: made } = queue(late, undefined, never);
  lock(1);
  lock(2);
  made.clear();
  lock(3);
  late.resolve();
  await turn();
  expect(sent).toEqual([]);
  never.reject(new PagewireError('outcome-unknown', 'the next has ended too'));
  await turn();
  made.clear();
  lock(4);
  expect(sent).toEqual([4]);
});

it('tells others that this node has come to a point only after the writes that it had begun before', async () => {
  const [written, confirmed] = [new Deferred<void>(), new Deferred<void>()];
  const sent: string[] = [];
  let unconfirmed: Promise<void> | undefined;
  const made = new SendQueue({
    written: () => written.promise,
    exposed: () => unconfirmed,
    send: ({ kind, id }) => void sent.push(`${kind} ${id}`),
    guard: (work) => work(),
  });
  made.add({ kind: 'give-back', id: 1 });
  await turn();
  expect(sent).toEqual([]);
  // What was written is there, and may still be undone.
  unconfirmed = confirmed.promise;
  written.resolve();
  await turn();
  expect(sent).toEqual([]);
  confirmed.resolve();
  await turn();
  expect(sent).toEqual(['give-back 1']);
});
