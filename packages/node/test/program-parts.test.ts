import { MessageChannel, Worker } from 'node:worker_threads';
import { type NodeCounters, nodeCounterNames, PagewireError } from '@pagewire/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Caller } from '../src/program/caller.js';
import { type Answer, type FromPager, nodeObject } from '../src/program/calls.js';
import { ServedObjects } from '../src/program/served-objects.js';
import { SharedState } from '../src/program/shared-state.js';
import { soon } from './plain-fixture.js';

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error) => error,
  );
const caught = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};
const done = (id: number, value: unknown): Answer => ({ kind: 'done', id, value });

describe('shared state', () => {
  it('is seen by everyone who has the buffer', () => {
    const mine = new SharedState();
    const theirs = new SharedState(mine.buffer);
    theirs.windows = 3;
    theirs.lifeEnded();
    theirs.lifeEnded();
    expect([mine.windows, mine.life]).toEqual([3, 2]);
  });

  it('keeps every counter apart from the others and from the rest', () => {
    const shared = new SharedState();
    shared.windows = 5;
    // One entry for each name of a counter.
    const counters = Object.fromEntries(nodeCounterNames.map((name, at) => [name, at + 2 ** 40])) as unknown as NodeCounters;
    shared.counters = counters;
    shared.lifeEnded();
    shared.answered();
    expect(shared.counters).toEqual(counters);
    expect([shared.windows, shared.life, shared.answers]).toEqual([5, 1, 1]);
  });

  it('does not wait for an answer that came already', () => {
    const shared = new SharedState();
    const seen = shared.answers;
    shared.answered();
    expect(shared.waitForAnswer(seen, 60_000)).toBe(true);
  });

  it('says when no answer comes', () => {
    const shared = new SharedState();
    expect(shared.waitForAnswer(shared.answers, 1)).toBe(false);
  });
});

describe('a caller', () => {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });

  /** A caller whose pager is the test. */
  function callerOf() {
    const shared = new SharedState();
    const states: string[] = [];
    const { port1, port2 } = new MessageChannel();
    const caller = new Caller(port1, shared, (notice) => states.push(notice.state));
    const answer = (message: FromPager): void => {
      port2.postMessage(message);
      shared.answered();
    };
    const asked = (): Promise<unknown> => new Promise((resolve) => port2.once('message', resolve));
    open.push(() => port1.close());
    return { caller, shared, states, answer, asked };
  }

  it('resolves each call with its own answer, in whatever order they come', async () => {
    const { caller, answer } = callerOf();
    const calls = [caller.call(nodeObject, 'a', []), caller.call(nodeObject, 'b', [])];
    answer(done(2, 'second'));
    answer(done(1, 'first'));
    expect(await Promise.all(calls)).toEqual(['first', 'second']);
  });

  it('says what is called, on what, and with what', async () => {
    const { caller, asked, answer } = callerOf();
    const call = caller.call(4, 'read', [10, 2]);
    expect(await asked()).toEqual({ id: 1, on: 4, method: 'read', args: [10, 2] });
    answer(done(1, undefined));
    await call;
  });

  it('rejects a call that failed as the node would have', async () => {
    const { caller, answer } = callerOf();
    const calls = [failure(caller.call(nodeObject, 'a', [])), failure(caller.call(nodeObject, 'b', []))];
    answer({ kind: 'failed', id: 1, code: 'page-lost', message: 'gone' });
    answer({ kind: 'failed', id: 2, code: undefined, message: 'a bug' });
    const [operating, bug] = await Promise.all(calls);
    expect(operating).toBeInstanceOf(PagewireError);
    expect(operating).toMatchObject({ code: 'page-lost', message: 'gone' });
    expect(bug).toMatchObject({ name: 'InvariantError', message: expect.stringContaining('a bug') });
  });

  it('takes over what is moved', async () => {
    const { caller } = callerOf();
    const bytes = new Uint8Array(4);
    void failure(caller.call(nodeObject, 'write', [bytes], [bytes.buffer]));
    expect(bytes.length).toBe(0);
  });

  it('stands still for an answer, and passes on what comes before it', async () => {
    const { caller, states, answer } = callerOf();
    const earlier = caller.call(nodeObject, 'earlier', []);
    answer({ kind: 'state', state: 'fenced', reason: 'r', incarnation: 2 as never });
    answer(done(1, 'one'));
    answer(done(2, 'two'));
    answer({ kind: 'state', state: 'live', reason: 'r', incarnation: 3 as never });
    expect(caller.callNow(nodeObject, 'now', [])).toBe('two');
    expect(states).toEqual(['fenced']);
    expect(await earlier).toBe('one');
    await soon(() => states.length === 2);
    expect(states).toEqual(['fenced', 'live']);
  });

  it('throws what a call failed with for which it stood still', () => {
    const { caller, answer } = callerOf();
    answer({ kind: 'failed', id: 1, code: 'unsupported', message: 'no buffer' });
    expect(caught(() => caller.callNow(nodeObject, 'whole', []))).toMatchObject({ code: 'unsupported', message: 'no buffer' });
  });

  it('is woken by an answer of another thread', async () => {
    const { port1, port2 } = new MessageChannel();
    const shared = new SharedState();
    const caller = new Caller(port1, shared, () => {});
    const program = `
      const { workerData } = require('node:worker_threads');
      const words = new Int32Array(workerData.buffer);
      workerData.port.on('message', ({ id, method }) => {
        workerData.port.postMessage({ kind: 'done', id, value: method });
        Atomics.add(words, 2, 1);
        Atomics.notify(words, 2);
      });
    `;
    const worker = new Worker(program, { eval: true, workerData: { port: port2, buffer: shared.buffer }, transferList: [port2] });
    open.push(
      () => port1.close(),
      () => worker.terminate(),
    );
    for (const method of ['one', 'two', 'three']) expect(caller.callNow(nodeObject, method, [])).toBe(method);
  });

  it('ends every call, those to come and the start with them', async () => {
    const { caller } = callerOf();
    const calls = [failure(caller.answerToStart()), failure(caller.call(nodeObject, 'a', []))];
    const end = new PagewireError('closed', 'it has ended');
    caller.end(end);
    expect(await Promise.all(calls)).toEqual([end, end]);
    expect(await failure(caller.call(nodeObject, 'b', []))).toBe(end);
    expect(caught(() => caller.callNow(nodeObject, 'c', []))).toBe(end);
  });

  it('ends for the first reason, and once', async () => {
    const { caller } = callerOf();
    const first = new PagewireError('closed', 'first');
    caller.end(first);
    caller.end(new PagewireError('closed', 'second'));
    expect(await failure(caller.call(nodeObject, 'a', []))).toBe(first);
  });

  it('still hears what the thread said before it ended', async () => {
    const { caller, answer, states } = callerOf();
    const start = caller.answerToStart();
    const call = failure(caller.call(nodeObject, 'a', []));
    answer({ kind: 'failed', id: 0, code: 'name-taken', message: 'another has the name' });
    answer({ kind: 'state', state: 'closed', reason: 'r', incarnation: 1 as never });
    const end = new PagewireError('closed', 'it has ended');
    caller.end(end);
    expect(await failure(start)).toMatchObject({ code: 'name-taken' });
    expect([await call, states]).toEqual([end, ['closed']]);
  });
});

describe('served objects', () => {
  const call = (objects: ServedObjects, on: number, method: string, ...args: unknown[]): Promise<unknown> =>
    objects.call({ id: 1, on, method, args });

  it('are called by number and name', async () => {
    const objects = new ServedObjects();
    const one = objects.add({ add: (a: number, b: number) => a + b });
    const other = objects.add({ add: async (a: number, b: number) => a - b });
    expect([await call(objects, one, 'add', 3, 2), await call(objects, other, 'add', 3, 2)]).toEqual([5, 1]);
  });

  it.each(['missing', 'toString', 'constructor'])('have only the methods that they were given (%s)', async (method) => {
    const objects = new ServedObjects();
    const object = objects.add({ add: () => 1 });
    expect(await failure(call(objects, object, method))).toMatchObject({ code: 'closed' });
  });

  it('are gone when they are deleted, and their numbers are not used again', async () => {
    const objects = new ServedObjects();
    const object = objects.add({ add: () => 1 });
    objects.delete(object);
    expect(objects.add({ add: () => 2 })).not.toBe(object);
    expect(await failure(call(objects, object, 'add'))).toMatchObject({ code: 'closed' });
  });

  it('fail as their methods do', async () => {
    const objects = new ServedObjects();
    const fails = () => {
      throw new PagewireError('timeout', 'late');
    };
    expect(await failure(call(objects, objects.add({ fails }), 'fails'))).toMatchObject({ code: 'timeout' });
  });
});
