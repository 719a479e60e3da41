import type { NodeCounters } from '@pagewire/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeOf, until } from '../src/index.js';
import { endsPrograms, isMapped, PlainProgram, type ProgramThread, unlessMapped } from './plain-program.js';
import { filled, freshName, leavesNoProcess, pageBytes, sharedCluster } from './shared-cluster.js';

leavesNoProcess();
endsPrograms();

const wordsInPage = pageBytes / 4;
const addOne = { op: 'add', type: 'int32', operand: 1, replacement: 0 };
const int32 = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

describe.skipIf(!isMapped)(`memory that programs touch plainly${unlessMapped}`, () => {
  const cluster = sharedCluster({ nodes: 0, leaseMs: 20_000 });
  /** Two over ws and one over grpc; and one with software memory. */
  let mapped: PlainProgram[];
  let soft: PlainProgram;

  beforeAll(async () => {
    const { coordinatorPort } = cluster();
    const start = (name: string, scheme: 'ws' | 'grpc', memory: 'mapped' | 'software') => {
      const transports = scheme === 'ws' ? (['ws', 'grpc'] as const) : (['grpc', 'ws'] as const);
      return PlainProgram.start({ coordinator: `${scheme}://127.0.0.1:${coordinatorPort}`, name, memory, transports });
    };
    [soft, ...mapped] = (await Promise.all([
      start('soft', 'ws', 'software'),
      start('one', 'ws', 'mapped'),
      start('two', 'ws', 'mapped'),
      start('three', 'grpc', 'mapped'),
    ])) as [PlainProgram, ...PlainProgram[]];
  });

  /** A new region that all programs have open. */
  async function regionOf(pages: number, options: { bytes?: number; pageBytes?: number } = {}): Promise<string> {
    const name = freshName();
    for (const program of [...mapped, soft]) await program.do('open', name, { bytes: pages * pageBytes, pageBytes, ...options });
    return name;
  }
  const program = (index: number): PlainProgram => mapped[index] ?? soft;
  const threadsOf = (name: string, kind?: string) => Promise.all(mapped.map((each) => each.thread(name, kind)));
  const read = async (from: PlainProgram, name: string, offset: number): Promise<number> =>
    Buffer.from((await from.do('read', name, offset, 4)) as Uint8Array).readInt32LE();

  /** How often a page has come to one of them. */
  const arrivals = async (): Promise<number> => {
    const counters = (await Promise.all(mapped.map((each) => each.do('counters')))) as NodeCounters[];
    return counters.reduce((sum, { pagesReceived }) => sum + pagesReceived, 0);
  };

  /** Lets every thread do an operation again and again, until pages have gone to and fro often. Answers how often each did it. */
  async function contend(threads: readonly ProgramThread[], operation: string, at: (own: number) => number): Promise<number[]> {
    const before = await arrivals();
    const counts = threads.map((thread, own) => thread.do(operation, at(own)));
    await until('pages have gone to and fro', async () => (await arrivals()) - before > 100);
    await Promise.all(threads.map((thread) => thread.rest()));
    return (await Promise.all(counts)) as number[];
  }
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

  it('says what it is and why', async () => {
    expect(await program(0).do('node')).toMatchObject({ memory: 'mapped', reason: 'mapped memory was asked for', state: 'live' });
  });

  it('adds up exactly when threads of three processes add to one word', async () => {
    const name = await regionOf(1);
    const threads = [...(await threadsOf(name)), await program(0).thread(name)];
    const sum = total(await contend(threads, 'add', () => 5));
    for (const each of [...mapped, soft]) expect(await read(each, name, 20)).toBe(sum);
  });

  it('keeps every plain store to words of one page that each process has for itself', async () => {
    const name = await regionOf(1);
    const counts = await contend(await threadsOf(name), 'count', (own) => own);
    expect(await soft.do('read', name, 0, 12)).toEqual(int32(...counts));
  });

  it('is shared by threads of one process as any SharedArrayBuffer is, across every page', async () => {
    const name = await regionOf(40);
    const [writer, reader] = [await program(0).thread(name), await program(0).thread(name)];
    await writer.do('fill', 0, 40 * wordsInPage, 1);
    expect(await reader.do('sum', 0, 40 * wordsInPage)).toBe(40 * wordsInPage);
    const other = await program(2).thread(name);
    expect(await other.do('sum', 0, 40 * wordsInPage)).toBe(40 * wordsInPage);
  });

  it('is touched by the thread of the program itself too', async () => {
    const name = await regionOf(2);
    for (const each of mapped) await each.do('add', name, wordsInPage);
    expect(await program(0).do('add', name, wordsInPage)).toBe(3);
  });

  it('is a memory that WebAssembly instances of several processes add in', async () => {
    const name = await regionOf(16);
    const threads = await threadsOf(name, 'wasmThread');
    const sum = total(await contend(threads, 'wasmAdd', () => 7 * wordsInPage));
    expect(await read(soft, name, 7 * pageBytes)).toBe(sum);
  });

  it('is touched plainly and by call at the same time, in software memory with it', async () => {
    const name = await regionOf(1);
    const threads = await threadsOf(name);
    const calls = [...mapped, soft].flatMap((each) => Array.from({ length: 100 }, () => each.do('operate', name, 0, addOne)));
    const sum = total(await contend(threads, 'add', () => 0));
    await Promise.all(calls);
    expect(await read(program(1), name, 0)).toBe(sum + 400);
  });

  it('shows to plain loads what was written, and to reads what was plainly stored', async () => {
    const name = await regionOf(4);
    const thread = await program(0).thread(name);
    for (const [index, from] of [...mapped, soft].entries()) {
      await from.do('write', name, index * pageBytes, int32(index + 10));
      expect(await thread.do('load', index * wordsInPage)).toBe(index + 10);
      await thread.do('store', index * wordsInPage, index + 20);
      expect(await read(from, name, index * pageBytes)).toBe(index + 20);
    }
  });

  it('waits for bytes that are pinned, and shows what was stored there meanwhile', async () => {
    const name = await regionOf(1);
    const thread = await program(0).thread(name);
    for (const holder of [program(0), program(1), soft]) {
      const pin = await holder.do('pin', name, 0, 8, 'exclusive');
      await holder.do('store', pin, 0, 41);
      const add = program(2).do('operate', name, 0, addOne);
      await holder.do('release', pin);
      await add;
      expect(await thread.do('load', 0)).toBe(42);
      await thread.do('store', 0, 0);
    }
  });

  it('has nothing to wait for after a prefetch', async () => {
    const name = await regionOf(8);
    await soft.do('write', name, 0, filled(8 * pageBytes, 1));
    await program(0).do('prefetch', name, 0, 8 * pageBytes, 'readonly');
    const { readFaults } = (await program(0).do('counters')) as NodeCounters;
    const thread = await program(0).thread(name);
    expect(await thread.do('sum', 0, 8 * wordsInPage)).toBe(0x01010101 * 8 * wordsInPage);
    expect(((await program(0).do('counters')) as NodeCounters).readFaults).toBe(readFaults);
  });

  it('is there in many regions at once', async () => {
    const names = await Promise.all(Array.from({ length: 12 }, () => regionOf(2)));
    const threads = await Promise.all(names.flatMap((name) => [0, 2].map((index) => program(index).thread(name))));
    const counts = await contend(threads, 'add', () => wordsInPage);
    for (const [at, name] of names.entries()) expect(await read(soft, name, pageBytes)).toBe(total(counts.slice(2 * at, 2 * at + 2)));
  });

  it('is there in windows of a region, which may overlap and may be closed one by one', async () => {
    const name = await regionOf(8);
    const window = (offset: number, bytes: number) => program(0).do('map', name, { offset: offset * pageBytes, bytes: bytes * pageBytes });
    const [left, right] = [Number(await window(0, 5)), Number(await window(3, 5))];
    const [one, other] = [await program(0).thread(left), await program(0).thread(right)];
    await one.do('store', 4 * wordsInPage, 9);
    expect(await other.do('load', wordsInPage)).toBe(9);
    await other.do('store', 4 * wordsInPage, 7);
    expect(await read(soft, name, 7 * pageBytes)).toBe(7);
    await program(0).do('closeWindow', left);
    await program(0).do('closeWindow', left);
    await soft.do('write', name, 4 * pageBytes, int32(11));
    expect(await other.do('load', wordsInPage)).toBe(11);
  });

  it.each([
    [{ offset: 1, bytes: pageBytes }, 'bad-argument'],
    [{ offset: 0, bytes: 3 * pageBytes }, 'out-of-range'],
  ])('has no window %o of two pages', async (range, code) => {
    expect(await codeOf(program(0).do('map', await regionOf(2), range))).toBe(code);
  });

  it('has exactly the bytes of the region, and is no WebAssembly memory unless those are whole pages of one', async () => {
    const name = await regionOf(3);
    expect(await program(0).do('bufferBytes', name)).toBe(3 * pageBytes);
    expect(await codeOf(program(0).do('memoryBytes', name))).toBe('unsupported');
    const whole = await regionOf(32);
    expect([await program(0).do('bufferBytes', whole), await program(0).do('memoryBytes', whole)]).toEqual([131_072, 131_072]);
  });

  it('is not there for pages that the kernel cannot guard, and everything else is', async () => {
    const name = await regionOf(1, { bytes: 640, pageBytes: 64 });
    expect(await codeOf(program(0).do('bufferBytes', name))).toBe('unsupported');
    expect(await codeOf(program(0).do('map', name, { offset: 0, bytes: 640 }))).toBe('unsupported');
    await program(0).do('write', name, 60, int32(1, 2, 3));
    expect(await program(1).do('read', name, 60, 12)).toEqual(int32(1, 2, 3));
    expect(await soft.do('operate', name, 64, addOne)).toBe(2);
    const pin = await program(2).do('pin', name, 0, 640, 'exclusive');
    await program(2).do('store', pin, 639, 5);
    await program(2).do('release', pin);
    expect(await program(0).do('read', name, 639, 1)).toEqual(Uint8Array.of(5));
  });

  it('is not there in software memory, and the error says what to use', async () => {
    const name = await regionOf(1);
    await expect(soft.do('bufferBytes', name)).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('pin()') });
  });

  it('is opened again after it was closed, with what was plainly stored', async () => {
    const name = await regionOf(2);
    const thread = await program(0).thread(name);
    await thread.do('store', wordsInPage, 6);
    await program(0).do('closeRegion', name);
    expect(await read(program(1), name, pageBytes)).toBe(6);
    expect(await codeOf(program(0).do('bufferBytes', name))).toBe('closed');
    await program(0).do('open', name, {});
    expect(await (await program(0).thread(name)).do('load', wordsInPage)).toBe(6);
  });

  describe('orders what it does', () => {
    it('so that what was stored before a flag is seen with the flag', async () => {
      const name = await regionOf(2);
      const [sender, receiver] = [await program(0).thread(name), await program(2).thread(name)];
      const received = receiver.do('receive', 0, wordsInPage, 500_000);
      await sender.do('send', 0, wordsInPage, 500_000);
      expect(await received).toMatchObject({ stale: 0, distinct: expect.any(Number) });
    });

    it('so that of two who store and then load one sees the store of the other', async () => {
      const rounds = 400;
      const name = await regionOf(3);
      const [one, other] = [await program(0).thread(name), await program(1).thread(name)];
      const [own, others, turn] = [0, wordsInPage, 2 * wordsInPage];
      const seen = (await Promise.all([
        one.do('storeThenLoad', own, others, turn, rounds),
        other.do('storeThenLoad', others, own, turn, rounds),
      ])) as [number[], number[]];
      const outcomes = new Set(seen[0].map((mine, round) => `${mine} ${seen[1][round]}`));
      expect([...outcomes]).not.toContain('0 0');
    });
  });
});
