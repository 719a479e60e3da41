import { connect } from '@pagewire/client';
import { join, type Node } from '@pagewire/node';
import type { NodeCounters } from '@pagewire/protocol';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, startCluster, until } from '../src/index.js';
import { endsPrograms, isMapped, PlainProgram, type ProgramThread, unlessMapped } from './plain-program.js';
import { freshName, leavesNoProcess, pageBytes, sharedCluster } from './shared-cluster.js';

leavesNoProcess();
endsPrograms();

const wordsInPage = pageBytes / 4;
const faults = async (program: PlainProgram): Promise<number> => {
  const { readFaults, writeFaults } = (await program.do('counters')) as NodeCounters;
  return readFaults + writeFaults;
};

describe.skipIf(!isMapped)(`a program whose thread waits for what it cannot have${unlessMapped}`, () => {
  const cluster = sharedCluster({ nodes: 0, leaseMs: 2500 });

  const start = (name: string, options: { plainFaultTimeoutMs?: number } = {}): Promise<PlainProgram> =>
    PlainProgram.start({ coordinator: cluster().coordinatorUrl, name: freshName(name), ...options });

  /** Stays for all tests. */
  let other: PlainProgram;
  beforeAll(async () => {
    other = await start('other');
  });

  /** A program and another that have a region of two pages open, and a thread of the first. */
  async function two(options: { plainFaultTimeoutMs?: number } = {}) {
    const region = freshName();
    const program = await start('program', options);
    await other.do('open', region, { bytes: 2 * pageBytes, pageBytes });
    await program.do('open', region, {});
    return { region, program, thread: await program.thread(region) };
  }

  /** As `two`, and the thread waits for a page that the other keeps pinned. */
  async function waiting() {
    const given = await two();
    const pin = await other.do('pin', given.region, 0, pageBytes, 'exclusive');
    const before = await faults(given.program);
    given.thread.tell('load', 0);
    await until('the thread waits', async () => (await faults(given.program)) > before);
    return { ...given, pin };
  }

  /** Stops the program for so long that it is no member any more. Answers which it was. */
  async function stoppedUntilLost(program: PlainProgram): Promise<number> {
    const { incarnation } = (await program.do('node')) as { incarnation: number };
    program.signal('SIGSTOP');
    await until('it is no member', async () => {
      const { nodes } = await cluster().status();
      return !nodes.some((node) => node.incarnation === incarnation && node.state === 'live');
    });
    return incarnation;
  }

  const line = (program: PlainProgram, code: number, why: RegExp): unknown =>
    expect.stringMatching(new RegExp(`^pagewire: node "${program.name}" ends its process with code ${code}: .*${why.source}`));

  it('ends with 81 when the only node that had the page was killed', async () => {
    const { region, program, thread } = await two();
    const holder = await start('holder');
    await holder.do('open', region, {});
    await (await holder.thread(region)).do('store', wordsInPage, 5);
    // Until the home knows that the page has arrived, it still has the zeros from before.
    await until('the page is held', async () => (await cluster().status()).pages.exclusive === 1);
    await holder.kill();
    await until('the page is lost', async () => (await cluster().status()).pagesLost > 0);
    thread.tell('load', wordsInPage);
    expect(await program.ending()).toEqual({ end: 81, errors: line(program, 81, /page 1 of region "region-\d+"/) });
  });

  it('ends with 82 when the page does not come in time', async () => {
    const { region, program, thread } = await two({ plainFaultTimeoutMs: 200 });
    await other.do('pin', region, 0, 1, 'exclusive');
    thread.tell('store', 0, 1);
    expect(await program.ending()).toEqual({ end: 82, errors: line(program, 82, /page 0 of region/) });
  });

  it('is killed while it is stopped, at the end of its lease', async () => {
    const { program, thread } = await two();
    await thread.do('store', 0, 1);
    program.signal('SIGSTOP');
    expect(await program.ending()).toEqual({ end: 'SIGKILL', errors: '' });
  });

  it('ends with 83 when it is fenced, even if no thread waits', async () => {
    await using own = await startCluster({ nodes: 0, leaseMs: 1000 });
    const program = await PlainProgram.start({ coordinator: own.coordinatorUrl, name: 'alone' });
    await program.do('open', 'region', { bytes: pageBytes });
    const thread = await program.thread('region');
    await thread.do('store', 0, 1);
    await own.coordinator.end('SIGKILL');
    expect(await program.ending()).toEqual({ end: 83, errors: line(program, 83, /was fenced/) });
  });

  it('goes on as a new incarnation when it is fenced and has no memory that a thread could touch', async () => {
    const program = await start('program');
    const region = freshName();
    await program.do('open', region, { bytes: 2 * pageBytes, pageBytes });
    await program.do('bufferBytes', region);
    await program.do('closeRegion', region);
    await program.do('open', region, {});
    await program.do('write', region, 0, Uint8Array.of(1));
    const incarnation = await stoppedUntilLost(program);
    program.signal('SIGCONT');
    await until('it is back', async () => {
      const node = (await program.do('node')) as { incarnation: number; state: string };
      return node.state === 'live' && node.incarnation > incarnation;
    });
    await program.do('write', region, pageBytes, Uint8Array.of(2));
    expect(await program.do('read', region, pageBytes, 1)).toEqual(Uint8Array.of(2));
    await program.kill();
  });

  it('ends with 84 when the region was deleted, at the next access', async () => {
    const { region, program, thread } = await two();
    await thread.do('store', 0, 1);
    await other.do('deleteRegion', region);
    await until('it knows', async () => (await codeOf(program.do('read', region, 0, 1))) === 'no-such-region');
    thread.tell('load', 0);
    expect(await program.ending()).toEqual({ end: 84, errors: line(program, 84, /region "region-\d+" was deleted/) });
  });

  it('ends with 84 when the region is deleted while it waits', async () => {
    const { region, program } = await waiting();
    await other.do('deleteRegion', region);
    expect(await program.ending()).toEqual({ end: 84, errors: line(program, 84, /region "region-\d+"/) });
  });

  it('ends with 86 when its own node is closed while it waits', async () => {
    const { program } = await waiting();
    program.tell('closeNode');
    expect(await program.ending()).toEqual({ end: 86, errors: line(program, 86, /was closed/) });
  });

  it('is killed by SIGSEGV when the handle of the region was closed', async () => {
    const { region, program, thread } = await two();
    await thread.do('store', 0, 1);
    await program.do('closeRegion', region);
    thread.tell('load', 0);
    expect((await program.ending()).end).toBe('SIGSEGV');
  });

  it('is killed by SIGSEGV when its window is closed while it waits', async () => {
    const { region, program } = await waiting();
    await other.do('pin', region, pageBytes, 1, 'exclusive');
    const window = await program.do('map', region, { offset: pageBytes, bytes: pageBytes });
    const before = await faults(program);
    (await program.thread(Number(window))).tell('load', 0);
    await until('a thread waits in the window', async () => (await faults(program)) > before);
    program.tell('closeWindow', window);
    expect((await program.ending()).end).toBe('SIGSEGV');
  });

  it('ends when it is told to, with the code that it was told', async () => {
    const { program } = await waiting();
    program.tell('exit', 7);
    expect(await program.ending()).toEqual({ end: 7, errors: '' });
  });

  it('ends as any program does that has failed', async () => {
    const { program } = await waiting();
    program.tell('fail');
    expect(await program.ending()).toEqual({ end: 1, errors: expect.stringContaining('TypeError') });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends by %s, also when it is the program’s own thread that waits', async (signal) => {
    const { region, program } = await waiting();
    await other.do('pin', region, pageBytes, 1, 'exclusive');
    // The node answers while its program stands still.
    const { urls } = (await program.do('node')) as { urls: [string] };
    await using client = await connect(urls[0]);
    const waits = async (): Promise<number> => ((await client.status()).counters as NodeCounters).readFaults;
    const before = await waits();
    program.tell('add', region, wordsInPage);
    await until('its own thread waits', async () => (await waits()) > before);
    program.signal(signal);
    expect(await program.ending()).toEqual({ end: signal, errors: '' });
  });

  it('goes on when the page comes after all', async () => {
    const { program, pin, thread } = await waiting();
    await other.do('store', pin, 0, 9);
    await other.do('release', pin);
    expect(await thread.do('load', 0)).toBe(9);
    await program.kill();
  });
});

describe.skipIf(!isMapped)(`a node with mapped memory that is closed${unlessMapped}`, () => {
  const cluster = sharedCluster({ nodes: 0, leaseMs: 20_000 });
  const open: Node[] = [];
  const joined = async (name: string): Promise<Node> => {
    const node = await join({ coordinator: cluster().coordinatorUrl, name, memory: 'mapped' });
    open.push(node);
    return node;
  };
  afterEach(async () => {
    for (const node of open.splice(0)) await node.close();
  });

  it('hands over what its threads have stored, and its program ends by itself', async () => {
    const region = freshName();
    const program = await PlainProgram.start({ coordinator: cluster().coordinatorUrl, name: 'leaver' });
    await program.do('open', region, { bytes: 64 * pageBytes, pageBytes });
    const threads: ProgramThread[] = [await program.thread(region), await program.thread(region)];
    await Promise.all(threads.map((thread, half) => thread.do('fill', half * 32 * wordsInPage, 32 * wordsInPage, 3)));
    await program.do('closeNode');
    await program.do('letGo');
    expect(await program.ending()).toEqual({ end: 0, errors: '' });
    await cluster().untilMembers(0);
    const bytes = await (await (await joined('stayer')).region(region)).read(0, 64 * pageBytes);
    expect([...new Set(new Int32Array(bytes.buffer as ArrayBuffer))]).toEqual([3]);
    expect((await cluster().status()).pagesLost).toBe(0);
  });

  it('refuses everything from then on, and says so', async () => {
    const node = await joined('n1');
    const states: string[] = [];
    node.onStateChange((state) => states.push(state));
    const region = await node.region(freshName(), { bytes: 2 * pageBytes });
    expect(region.buffer.byteLength).toBe(2 * pageBytes);
    const pin = await region.pin(0, 8);
    const window = await region.map({ offset: 0, bytes: pageBytes });
    const [closing, again] = [node.close(), node.close()];
    await Promise.all([closing, again]);
    await until('it says so', () => states.includes('closed'));
    expect(node.state).toBe('closed');
    expect(await Promise.all([region.read(0, 1), node.regions(), node.region('other')].map(codeOf))).toEqual([
      'closed',
      'closed',
      'closed',
    ]);
    expect(() => region.buffer).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(() => pin.bytes).toThrow(expect.objectContaining({ code: 'closed' }));
    pin.release();
    window.close();
    await region.close();
  });

  it('gives out no memory while it is being closed', async () => {
    const node = await joined('n1');
    const regions = await Promise.all([1, 2, 3].map(() => node.region(freshName(), { bytes: 2 * pageBytes })));
    const closing = node.close();
    for (const region of regions) expect(() => region.buffer).toThrow(expect.objectContaining({ code: 'closed' }));
    await closing;
  });
});

describe.skipIf(!isMapped)(`joining with mapped memory${unlessMapped}`, () => {
  const cluster = sharedCluster({ nodes: 0, leaseMs: 20_000 });

  it('fails as it does with any other, and leaves nothing behind', async () => {
    const { coordinatorUrl: coordinator } = cluster();
    await using first = await join({ coordinator, name: 'n1', memory: 'mapped' });
    expect(await codeOf(join({ coordinator, name: 'n1', memory: 'mapped' }))).toBe('name-taken');
    expect(await codeOf(join({ coordinator: 'ws://127.0.0.1:9', name: 'n2', memory: 'mapped', joinTimeoutMs: 300 }))).toBe('unreachable');
    expect(await codeOf(join({ coordinator, name: 'n3', memory: 'mapped', listen: `127.0.0.1:${first.port}` }))).toBe('address-in-use');
    await cluster().untilMembers(1);
  });

  it('gives a node that tells of itself as any other does', async () => {
    await using node = await join({ coordinator: cluster().coordinatorUrl, name: 'n1', memory: 'mapped', place: { rank: 1, size: 2 } });
    const name = freshName();
    const region = await node.region(name, { bytes: 100_000 });
    expect(node).toMatchObject({ name: 'n1', rank: 1, size: 2, state: 'live', memory: 'mapped', port: expect.any(Number) });
    expect([region.name, region.bytes % region.pageBytes, region.bytes >= 100_000]).toEqual([name, 0, true]);
    expect(await node.regions()).toMatchObject([{ name, bytes: region.bytes }]);
    expect(region.buffer).toBe(region.buffer);
    await region.write(10, Uint8Array.of(1, 2));
    expect(await region.read(9, 4)).toEqual(Uint8Array.of(0, 1, 2, 0));
    expect(node.counters().writeFaults).toBeGreaterThan(0);
    expect(await codeOf(region.write(0, 'text' as unknown as Uint8Array))).toBe('bad-argument');
    expect(await codeOf(region.read(region.bytes, 1))).toBe('out-of-range');
    await node.deleteRegion(name);
    expect(await codeOf(region.read(0, 1))).toBe('no-such-region');
  });
});
