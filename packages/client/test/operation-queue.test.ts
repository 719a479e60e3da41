import { expect, test } from 'vitest';
import type { Operation } from '../src/operation.js';
import { OperationQueue } from '../src/operation-queue.js';

const operation = (id: number): Operation => ({
  request: { kind: 'status', id },
  binding: undefined,
  deadline: 0,
  setup: false,
  sent: false,
  over: false,
  succeed: () => {},
  fail: () => {},
});
const ids = (operations: readonly (Operation | undefined)[]) => operations.map((each) => each?.request.id);

test('operations leave in order, and ones that ended meanwhile are skipped', () => {
  const queue = new OperationQueue();
  const all = [1, 2, 3, 4].map(operation);
  for (const each of all) queue.push(each);
  for (const each of all.slice(1, 3)) each.over = true;
  expect(ids([queue.next(), queue.next(), queue.next()])).toEqual([1, 4, undefined]);
});

test('operations put back go before those that wait', () => {
  const queue = new OperationQueue();
  for (const id of [1, 2, 3]) queue.push(operation(id));
  queue.next();
  queue.unshift([operation(10), operation(11)]);
  expect(ids(queue.takeAll())).toEqual([10, 11, 2, 3]);
  expect(queue.next()).toBeUndefined();
});

test('a queue that never runs empty keeps its order over many operations', () => {
  const queue = new OperationQueue();
  queue.push(operation(0));
  const left: (number | undefined)[] = [];
  for (let id = 1; id <= 10_000; id++) {
    queue.push(operation(id));
    left.push(queue.next()?.request.id);
  }
  expect(left).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
});

test('operations that ended at the front are let go of', () => {
  const queue = new OperationQueue();
  const ended = [1, 2].map(operation);
  for (const each of ended) queue.push(each);
  for (const each of ended) each.over = true;
  queue.dropEnded();
  expect(ended.map((each) => queue.has(each))).toEqual([false, false]);
});
