import { afterEach, describe, expect, it } from 'vitest';
import { type JoinOptions, join, type Region } from '../src/index.js';
import { FakeCoordinator } from './fake-coordinator.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

async function start(): Promise<Region> {
  const coordinator = await FakeCoordinator.start();
  open.push(coordinator);
  const node = await join({ coordinator: coordinator.url, name: 'n1', memory: 'software' });
  open.push(node);
  return node.region('grid', { bytes: 8192 });
}

/** For programs without types, which can pass anything. */
const untyped = (value: unknown): never => value as never;

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

describe('a region', () => {
  it.each<[what: string, call: (region: Region) => Promise<unknown>]>([
    ['a read at a symbol', (region) => region.read(untyped(Symbol('here')), 1)],
    ['bytes that are only a proxy of some', (region) => region.write(0, new Proxy(new Uint8Array(8), {}))],
    ['an object that only looks like bytes', (region) => region.write(0, untyped(Object.create(Uint8Array.prototype)))],
    ['no atomic at all', (region) => region.operate(0, untyped(undefined))],
    [
      'an atomic that is not one of its own',
      (region) => region.operate(0, { op: untyped('wait'), type: 'int32', operand: 0, replacement: 0 }),
    ],
    ['a type that only turns into a name', (region) => region.atomics.add(untyped(['int32']), 0, untyped(1))],
    ['an operand without a text', (region) => region.atomics.add('int32', 0, untyped(Object.create(null)))],
    ['a right that is a bigint', (region) => region.pin(0, 1, untyped(1n))],
    ['a count that is a symbol', (region) => region.notify(0, untyped(Symbol('many')))],
    ['a map of nothing', (region) => region.map(untyped(undefined))],
  ])('refuses %s with bad-argument, and goes on', async (_, call) => {
    const region = await start();
    await expect(call(region)).rejects.toMatchObject({ name: 'PagewireError', code: 'bad-argument' });
    expect(await region.atomics.add('int32', 0, 1)).toBe(0);
  });

  it('takes bytes whose buffer is gone for none', async () => {
    const region = await start();
    await region.write(4, detached());
    expect(await region.read(4, 4)).toEqual(new Uint8Array(4));
  });

  it('does the atomic as it was at the call, whatever becomes of the object', async () => {
    const region = await start();
    const atomic = { op: 'add', type: 'int32', operand: 5, replacement: 0 } as const;
    const given = { ...atomic };
    const adding = region.operate(0, given);
    Object.assign(given, { op: 'wait', type: 'bigint64', operand: 6n });
    await adding;
    expect(await region.atomics.load('int32', 0)).toBe(5);
  });
});

describe('join', () => {
  it.each<[what: string, options: unknown]>([
    ['no options', undefined],
    ['a coordinator that is a bigint', { coordinator: 1n }],
    ['transports that are no list', { transports: null }],
    ['an address that is a symbol', { listen: Symbol('here') }],
    ['more time than a timer can count', { joinTimeoutMs: 2 ** 31 }],
    ['a link that is null', { link: null }],
    ['a link option that is a function', { link: { resumeMs: () => 1 } }],
    ['a place that is null', { place: null }],
    ['a memory that is a bigint', { memory: 1n }],
    ['a flag that is text', { insecure: 'no' }],
  ])('refuses %s with bad-argument', async (_, options) => {
    const rest: JoinOptions = { coordinator: 'ws://127.0.0.1:9', name: 'n1', memory: 'software', joinTimeoutMs: 100 };
    const given = options === undefined ? undefined : { ...rest, ...(options as object) };
    await expect(join(untyped(given))).rejects.toMatchObject({ name: 'PagewireError', code: 'bad-argument' });
  });
});
