import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppMapping, Userfaultfd } from '../src/index.js';
import { here, unlessHere, World } from './world.js';

const ignore = (): void => {};

describe.skipIf(!here.supported)(`pages of registered memory${unlessHere}`, () => {
  let world: World;
  beforeEach(() => {
    world = new World(16);
  });
  afterEach(() => world.close());

  test('a load of a page without a frame is a missing fault, and finds what was installed', async () => {
    const accessor = world.accessor();
    const faults = world.faults(1, () => {
      world.frames[world.word(3)] = 42;
      world.userfaultfd.install(world.pages(3), false);
    });
    expect(await accessor.load(world.word(3))).toBe(42);
    expect(await faults).toEqual([{ page: 3, kind: 'missing', write: false, threadId: expect.any(Number) }]);
  });

  test('a load of a page that has a frame is a minor fault', async () => {
    world.frames[world.word(2)] = 7;
    const faults = world.faults(1, () => world.userfaultfd.install(world.pages(2), false));
    expect(await world.accessor().load(world.word(2))).toBe(7);
    expect(await faults).toMatchObject([{ page: 2, kind: 'minor', write: false }]);
  });

  test('a fault tells which thread waits', async () => {
    const mainThread = process.pid;
    world.frames.fill(1);
    const faults = world.faults(1, () => world.userfaultfd.install(world.pages(0), true));
    await world.accessor().load(0);
    const [fault] = await faults;
    expect(fault?.threadId).not.toBe(mainThread);
    expect(readdirSync('/proc/self/task')).toContain(String(fault?.threadId));
  });

  test('a store to a page installed readonly is a write-protect fault, and goes on once it is unprotected', async () => {
    world.frames.fill(5);
    world.userfaultfd.install(world.pages(0, 16), false);
    const accessor = world.accessor();
    expect(await accessor.load(world.word(9))).toBe(5);
    const faults = world.faults(1, (address) => world.userfaultfd.unprotect({ address, bytes: world.pageBytes }));
    expect(await accessor.add(world.word(9), 1)).toBe(5);
    expect(await faults).toMatchObject([{ page: 9, kind: 'write-protected', write: true }]);
    expect(world.frames[world.word(9)]).toBe(6);
  });

  test('a page installed writable takes stores without a fault, until it is protected', async () => {
    world.frames.fill(0);
    world.userfaultfd.install(world.pages(0, 16), true);
    const accessor = world.accessor();
    await accessor.store(world.word(1), 11);
    world.userfaultfd.protect(world.pages(0, 16));
    expect(world.frames[world.word(1)]).toBe(11);
    const faults = world.faults(1, () => world.userfaultfd.unprotect(world.pages(1)));
    await accessor.store(world.word(1), 12);
    expect(await faults).toMatchObject([{ page: 1, kind: 'write-protected' }]);
    expect(world.frames[world.word(1)]).toBe(12);
  });

  test('a page that was dropped is a minor fault again, and its frame has kept its bytes', async () => {
    world.frames.fill(3);
    world.userfaultfd.install(world.pages(0, 16), true);
    const accessor = world.accessor();
    await accessor.store(world.word(4), 33);
    world.userfaultfd.drop(world.pages(0, 16));
    const faults = world.faults(1, () => world.userfaultfd.install(world.pages(4), true));
    expect(await accessor.load(world.word(4))).toBe(33);
    expect(await faults).toMatchObject([{ page: 4, kind: 'minor' }]);
  });

  test('installing a range that is mapped in part gives every page of it the wanted right', async () => {
    world.frames.fill(1);
    world.userfaultfd.install(world.pages(2, 3), true);
    world.userfaultfd.install(world.pages(7), true);
    world.userfaultfd.install(world.pages(0, 16), false);
    const accessor = world.accessor();
    const faults = world.faults(2, (address) => world.userfaultfd.unprotect({ address, bytes: world.pageBytes }));
    await accessor.store(world.word(3), 9);
    await accessor.store(world.word(12), 9);
    expect(await faults).toMatchObject([
      { page: 3, kind: 'write-protected' },
      { page: 12, kind: 'write-protected' },
    ]);
  });

  test('installing a mapped page again lets a writer that waits for it go on', async () => {
    world.frames.fill(1);
    world.userfaultfd.install(world.pages(0, 16), false);
    const faults = world.faults(1, () => world.userfaultfd.install(world.pages(5), true));
    expect(await world.accessor().add(world.word(5), 1)).toBe(1);
    expect(await faults).toMatchObject([{ page: 5, kind: 'write-protected' }]);
  });

  test('installing a mapped page readonly again lets a writer that waits for it fault anew', async () => {
    world.frames.fill(1);
    world.userfaultfd.install(world.pages(0, 16), false);
    const rights = [false, true];
    const faults = world.faults(2, () => world.userfaultfd.install(world.pages(5), rights.shift() ?? true));
    expect(await world.accessor().add(world.word(5), 1)).toBe(1);
    expect(await faults).toMatchObject([{ kind: 'write-protected' }, { kind: 'write-protected' }]);
  });

  test('a thread that waits on a dropped page faults anew once it is woken', async () => {
    world.frames.fill(1);
    world.userfaultfd.install(world.pages(0, 16), false);
    let turn = 0;
    const faults = world.faults(2, () => {
      turn++;
      if (turn === 1) {
        world.userfaultfd.drop(world.pages(6));
        world.userfaultfd.wake(world.pages(6));
      } else {
        world.userfaultfd.install(world.pages(6), true);
      }
    });
    expect(await world.accessor().add(world.word(6), 1)).toBe(1);
    expect(await faults).toMatchObject([
      { kind: 'write-protected', write: true },
      { kind: 'minor', write: true },
    ]);
  });

  test('a frame that was punched out is missing, and cannot be installed before it is written', () => {
    world.frames.fill(8);
    world.userfaultfd.install(world.pages(0, 16), true);
    world.memfd.punch(2 * world.pageBytes, world.pageBytes);
    expect(() => world.userfaultfd.install(world.pages(1, 3), true)).toThrow(
      expect.objectContaining({ code: 'no-frame', errno: 'EFAULT', message: expect.stringContaining('alias mapping') }),
    );
    expect(world.frames[world.word(2)]).toBe(0);
    world.userfaultfd.install(world.pages(1, 3), true);
  });

  test.skipIf(!here.features.includes('poison'))('a page can be poisoned in whatever state it is, and installed after that', async () => {
    world.frames.fill(1);
    world.userfaultfd.install(world.pages(0, 2), true);
    world.userfaultfd.install(world.pages(2, 2), false);
    world.userfaultfd.protect(world.pages(0));
    world.userfaultfd.drop(world.pages(3));
    world.userfaultfd.poison(world.pages(0, 16));
    world.userfaultfd.poison(world.pages(0, 16));
    world.userfaultfd.install(world.pages(0, 16), true);
    expect(await world.accessor().add(world.word(3), 1)).toBe(1);
  });

  test('once unregistered, memory is as any other', async () => {
    world.frames[world.word(1)] = 4;
    const accessor = world.accessor();
    const faults = world.faults(1, () => world.userfaultfd.unregister(world.app));
    expect(await accessor.load(world.word(1))).toBe(4);
    await faults;
    expect(await accessor.load(world.word(2))).toBe(0);
  });

  test('a part of a registered range can be unregistered', () => {
    world.frames.fill(1);
    world.userfaultfd.unregister(world.pages(4, 4));
    world.userfaultfd.install(world.pages(0, 4), true);
    world.userfaultfd.install(world.pages(8, 8), true);
    const notRegistered = expect.objectContaining({ code: 'not-registered' });
    expect(() => world.userfaultfd.protect(world.pages(3, 2))).toThrow(notRegistered);
    expect(() => world.userfaultfd.drop(world.pages(4))).toThrow(notRegistered);
  });

  test('two mappings can be registered with one descriptor, each with faults of its own', async () => {
    const second = AppMapping.over(world.memfd, { offset: 0, bytes: 4 * world.pageBytes });
    world.userfaultfd.register(second);
    world.frames.fill(2);
    world.userfaultfd.install(world.pages(0, 16), true);
    const faults = world.faults(1, (address) => world.userfaultfd.install({ address, bytes: world.pageBytes }, true));
    const accessor = world.accessor();
    await accessor.load(0);
    world.userfaultfd.drop(world.pages(0));
    await accessor.load(0);
    expect(await faults).toMatchObject([{ page: 0 }]);
    world.userfaultfd.unregister(second);
    second.close();
  });

  test('closing the descriptor frees a thread that waits', async () => {
    const accessor = world.accessor();
    const faults = world.faults(1, () => setImmediate(() => world.userfaultfd.close()));
    expect(await accessor.load(0)).toBe(0);
    await faults;
    world.userfaultfd.close();
    expect(() => world.userfaultfd.wake(world.app)).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(() => world.userfaultfd.listen(ignore)).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test('a second listener is refused while there is one, and welcome after it', () => {
    const first = world.userfaultfd.listen(ignore);
    expect(() => world.userfaultfd.listen(ignore)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    first.close();
    first.close();
    world.userfaultfd.listen(ignore).close();
  });

  test('a closed listener hears of nothing, and the next one hears what came meanwhile', async () => {
    const heard: string[] = [];
    const first = world.userfaultfd.listen(() => heard.push('first'));
    first.close();
    const answer = world.accessor().load(0);
    const faults = world.faults(1, () => {
      world.frames[0] = 1;
      world.userfaultfd.install(world.pages(0), true);
    });
    expect(await answer).toBe(1);
    await faults;
    expect(heard).toEqual([]);
  });

  const operations = [
    ['install', (range) => world.userfaultfd.install(range, true)],
    ['protect', (range) => world.userfaultfd.protect(range)],
    ['unprotect', (range) => world.userfaultfd.unprotect(range)],
    ['drop', (range) => world.userfaultfd.drop(range)],
    ['wake', (range) => world.userfaultfd.wake(range)],
    ['poison', (range) => world.userfaultfd.poison(range)],
    ['unregister', (range) => world.userfaultfd.unregister(range)],
  ] satisfies [string, (range: { address: number; bytes: number }) => void][];

  test.each(operations)('%s refuses a range that is not registered, or not made of pages', (_, operate) => {
    const { address } = world.app;
    const { pageBytes } = world;
    const notRegistered = expect.objectContaining({ code: 'not-registered' });
    const invalid = expect.objectContaining({ code: 'invalid-argument' });
    expect(() => operate({ address: address - pageBytes, bytes: pageBytes })).toThrow(notRegistered);
    expect(() => operate({ address, bytes: 17 * pageBytes })).toThrow(notRegistered);
    expect(() => operate({ address: address + 1, bytes: pageBytes })).toThrow(invalid);
    expect(() => operate({ address, bytes: pageBytes / 2 })).toThrow(invalid);
    expect(() => operate({ address, bytes: 0 })).toThrow(invalid);
    expect(() => operate({ address: -pageBytes, bytes: pageBytes })).toThrow(invalid);
    expect(() => operate({ address: Number.NaN, bytes: pageBytes })).toThrow(invalid);
  });

  test('register refuses an address where nothing is mapped, with the name of the error', () => {
    expect(() => world.userfaultfd.register({ address: world.pageBytes, bytes: world.pageBytes })).toThrow(
      expect.objectContaining({ errno: expect.stringMatching(/^E[A-Z]+$/) }),
    );
  });

  test('register refuses memory that another descriptor has', () => {
    using other = Userfaultfd.open();
    expect(() => other.register(world.app)).toThrow(expect.objectContaining({ errno: 'EBUSY' }));
  });
});
