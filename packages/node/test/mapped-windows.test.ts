import { Userfaultfd } from '@pagewire/userfaultfd';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { here, unlessHere } from './memories.js';
import { pagesOf, plainFixtures, soon } from './plain-fixture.js';

const fixtureOf = plainFixtures();
// Before the fixtures are closed: hooks are called last in, first out.
afterEach(() => void vi.restoreAllMocks());

describe.skipIf(!here.supported)(`a thread that touches a window${unlessHere}`, () => {
  it('waits to load from a page without right, and then sees what was staged', async () => {
    const fixture = fixtureOf(4);
    const load = fixture.thread(fixture.window()).load(fixture.word(2));
    await fixture.faulted(1);
    expect(fixture.faults).toEqual([{ index: 2, right: 'readonly', threadId: expect.any(Number) }]);
    fixture.grant('readonly', 42, 2);
    expect(await load).toBe(42);
    expect(fixture.faults).toHaveLength(1);
  });

  it('waits to store to a page without right, and then stores over what was staged', async () => {
    const fixture = fixtureOf(2);
    const store = fixture.thread(fixture.window()).store(fixture.word(1), 42);
    await fixture.faulted(1);
    expect(fixture.faults).toMatchObject([{ index: 1, right: 'exclusive' }]);
    fixture.grant('exclusive', 41, 1);
    await store;
    expect(fixture.frameWord(1)).toBe(42);
    expect(fixture.memory.view(1)[4]).toBe(0);
  });

  it('waits again to store when it was granted a page to load from, and is upgraded in place', async () => {
    const fixture = fixtureOf(1);
    const store = fixture.thread(fixture.window()).store(0, 7);
    await fixture.faulted(1);
    fixture.grant('readonly', 5, 0);
    await fixture.faulted(2);
    expect(fixture.frameWord(0)).toBe(5);
    fixture.memory.permit(0, 'exclusive');
    fixture.memory.flush();
    await store;
    expect(fixture.frameWord(0)).toBe(7);
    expect(fixture.faults.map(({ right }) => right)).toEqual(['exclusive', 'exclusive']);
  });

  it('has nothing to wait for where the page is here', async () => {
    const fixture = fixtureOf(2);
    const thread = fixture.thread(fixture.window());
    fixture.grant('readonly', 5, 0);
    fixture.grant('exclusive', 6, 1);
    expect([await thread.load(0), await thread.load(fixture.word(1))]).toEqual([5, 6]);
    await thread.store(fixture.word(1), 8);
    expect([fixture.frameWord(1), fixture.events]).toEqual([8, []]);
  });

  it('loads from a page that was protected, and waits to store to it', async () => {
    const fixture = fixtureOf(1);
    const thread = fixture.thread(fixture.window());
    fixture.grant('exclusive', 5, 0);
    await thread.store(0, 6);
    fixture.memory.protect(0);
    fixture.memory.flush();
    expect(await thread.load(0)).toBe(6);
    const store = thread.store(0, 7);
    await fixture.faulted(1);
    expect([fixture.faults[0]?.right, fixture.frameWord(0)]).toEqual(['exclusive', 6]);
    fixture.memory.permit(0, 'exclusive');
    fixture.memory.flush();
    await store;
    expect(fixture.frameWord(0)).toBe(7);
  });

  it.each(['readonly', 'exclusive'] as const)('waits to load from a page that was %s and was revoked', async (right) => {
    const fixture = fixtureOf(1);
    const thread = fixture.thread(fixture.window());
    fixture.grant(right, 5, 0);
    expect(await thread.load(0)).toBe(5);
    fixture.memory.revoke(0);
    fixture.memory.flush();
    const load = thread.load(0);
    await fixture.faulted(1);
    fixture.grant('readonly', 6, 0);
    expect(await load).toBe(6);
  });

  it('waits for every page when all were revoked at once, also for those whose change had not been flushed', async () => {
    const fixture = fixtureOf(3);
    const thread = fixture.thread(fixture.window());
    fixture.grant('exclusive', 5, 0, 1);
    fixture.stage(5, 2);
    fixture.memory.permit(2, 'exclusive');
    fixture.memory.revokeAll();
    fixture.memory.flush();
    for (const [count, index] of [0, 1, 2].entries()) {
      const load = thread.load(fixture.word(index));
      await fixture.faulted(count + 1);
      fixture.grant('readonly', 6, index);
      expect(await load).toBe(6);
    }
  });

  it('that waits to store when the page is taken away goes on with the page that comes next', async () => {
    const fixture = fixtureOf(1);
    const thread = fixture.thread(fixture.window());
    fixture.grant('readonly', 5, 0);
    const add = thread.addOnce(0);
    await fixture.faulted(1);
    fixture.memory.revoke(0);
    fixture.memory.flush();
    fixture.grant('exclusive', 9, 0);
    await add;
    expect(fixture.frameWord(0)).toBe(10);
  });

  it('shares the wait for one page with every other that needs it', async () => {
    const fixture = fixtureOf(1);
    const window = fixture.window();
    const threads = Array.from({ length: 4 }, () => fixture.thread(window));
    const adds = threads.map((thread) => thread.addOnce(0));
    await fixture.faulted(4);
    expect(new Set(fixture.faults.map(({ threadId }) => threadId)).size).toBe(4);
    fixture.grant('exclusive', 0, 0);
    await Promise.all(adds);
    expect(fixture.frameWord(0)).toBe(4);
  });

  it('finds all bytes of a page that is several pages of the machine', async () => {
    const fixture = fixtureOf(4, 4 * here.pageBytes);
    const thread = fixture.thread(fixture.window());
    const last = fixture.word(3) - 1;
    const load = thread.load(last);
    await fixture.faulted(1);
    expect(fixture.faults[0]?.index).toBe(2);
    fixture.memory.stage(2, new Uint8Array(4 * here.pageBytes).fill(1));
    fixture.memory.permit(2, 'exclusive');
    fixture.memory.flush();
    expect(await load).toBe(0x01010101);
    await thread.store(fixture.word(2), 3);
    expect([fixture.frameWord(2), fixture.faults.length]).toEqual([3, 1]);
  });
});

describe.skipIf(!here.supported)(`taking a page from a thread that stores to it${unlessHere}`, () => {
  const rounds = 100;

  it.each(['revoke', 'protect'] as const)('leaves no store that comes after it (%s)', async (take) => {
    const fixture = fixtureOf(2);
    const { memory } = fixture;
    const thread = fixture.thread(fixture.window());
    fixture.grant('exclusive', 0, 0, 1);
    const hammer = thread.hammer(0);
    for (let round = 1, before = 0; round <= rounds; round++) {
      await soon(() => thread.hammered > before);
      memory[take](0);
      memory.flush();
      const taken = fixture.frameWord(0);
      await fixture.faulted(1);
      // The thread stands in its fault: what it was about to store is not there, and all before is.
      expect([fixture.frameWord(0), thread.hammered]).toEqual([taken, taken]);
      before = taken;
      fixture.faults.length = 0;
      memory.permit(0, 'exclusive');
      memory.flush();
    }
    thread.rest();
    expect(await hammer).toBe(fixture.frameWord(0));
  });

  it('has taken it before its bytes are read, without a flush', async () => {
    const fixture = fixtureOf(1);
    const { memory } = fixture;
    const thread = fixture.thread(fixture.window());
    fixture.grant('exclusive', 0, 0);
    const hammer = thread.hammer(0);
    for (let round = 1, before = 0; round <= rounds; round++) {
      await soon(() => thread.hammered > before);
      memory.revoke(0);
      const taken = fixture.frameWord(0);
      await fixture.faulted(1);
      expect(fixture.frameWord(0)).toBe(taken);
      before = taken;
      fixture.faults.length = 0;
      memory.permit(0, 'exclusive');
      memory.flush();
    }
    thread.rest();
    await hammer;
  });
});

describe.skipIf(!here.supported)(`the changes of neighbouring pages${unlessHere}`, () => {
  const spies = () => ({
    install: vi.spyOn(Userfaultfd.prototype, 'install'),
    unprotect: vi.spyOn(Userfaultfd.prototype, 'unprotect'),
    protect: vi.spyOn(Userfaultfd.prototype, 'protect'),
    drop: vi.spyOn(Userfaultfd.prototype, 'drop'),
  });

  it('are made in one call, when they are flushed', () => {
    const fixture = fixtureOf(16);
    fixture.window();
    const { memory } = fixture;
    const pages = Array.from({ length: 8 }, (_, at) => at + 4);
    const { install, unprotect, protect, drop } = spies();
    fixture.stage(1, ...pages);
    const each = (change: (index: number) => void): void => {
      for (const index of pages) change(index);
      memory.flush();
    };
    each((index) => memory.permit(index, 'readonly'));
    each((index) => memory.permit(index, 'exclusive'));
    each((index) => memory.protect(index));
    each((index) => memory.revoke(index));
    for (const call of [install, unprotect, protect, drop]) {
      expect(call.mock.calls).toHaveLength(1);
      expect(call.mock.calls[0]?.[0].bytes).toBe(8 * here.pageBytes);
    }
  });

  it('are made in the order in which they were asked for', async () => {
    const fixture = fixtureOf(8);
    const thread = fixture.thread(fixture.window());
    const { memory } = fixture;
    fixture.stage(1, 0, 1, 2, 3);
    for (const index of [0, 1, 2]) memory.permit(index, 'exclusive');
    memory.protect(1);
    memory.permit(3, 'readonly');
    memory.revoke(2);
    memory.flush();
    await thread.store(fixture.word(0), 7);
    expect(await thread.load(fixture.word(1))).toBe(1);
    expect(await thread.load(fixture.word(3))).toBe(1);
    expect(fixture.faults).toEqual([]);
    const load = thread.load(fixture.word(2));
    await fixture.faulted(1);
    fixture.grant('readonly', 4, 2);
    expect(await load).toBe(4);
    for (const index of [1, 3]) {
      const store = thread.store(fixture.word(index), 9);
      await soon(() => fixture.faults.at(-1)?.index === index);
      memory.permit(index, 'exclusive');
      memory.flush();
      await store;
    }
  });

  it('are made for each that has no neighbour, and for nothing in between', async () => {
    const fixture = fixtureOf(8);
    const thread = fixture.thread(fixture.window());
    fixture.grant('exclusive', 1, 0, 1, 2, 3, 4, 5);
    for (const index of [5, 0, 2, 3]) fixture.memory.revoke(index);
    fixture.memory.flush();
    const { install } = spies();
    expect([await thread.load(fixture.word(1)), await thread.load(fixture.word(4))]).toEqual([1, 1]);
    expect([fixture.events, install.mock.calls]).toEqual([[], []]);
    for (const [count, index] of [0, 2, 3, 5].entries()) {
      const load = thread.load(fixture.word(index));
      await fixture.faulted(count + 1);
      fixture.grant('readonly', 2, index);
      expect(await load).toBe(2);
    }
  });

  it('cost nothing while there is no window', () => {
    const fixture = fixtureOf(4);
    const calls = spies();
    fixture.grant('exclusive', 1, 0, 1, 2);
    fixture.memory.protect(0);
    fixture.memory.revoke(1);
    fixture.memory.flush();
    fixture.memory.revokeAll();
    for (const call of Object.values(calls)) expect(call).not.toHaveBeenCalled();
  });

  it('reach a window only as far as it goes', () => {
    const fixture = fixtureOf(8);
    const { memory } = fixture;
    fixture.window(2, 2);
    const { install } = spies();
    fixture.grant('exclusive', 1, 0, 1, 2, 3, 4, 5);
    const asked = install.mock.calls.map(([range]) => pagesOf(range, range.address));
    expect(asked).toEqual([{ first: 0, count: 2 }]);
    expect([...memory.residentPages()]).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
