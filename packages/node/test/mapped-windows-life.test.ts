import { describe, expect, it } from 'vitest';
import { here, unlessHere } from './memories.js';
import { plainFixtures } from './plain-fixture.js';

const fixtureOf = plainFixtures();

describe.skipIf(!here.supported)(`a window${unlessHere}`, () => {
  it('shows pages that were permitted before it was made', async () => {
    const fixture = fixtureOf(4);
    fixture.grant('exclusive', 5, 0, 1);
    fixture.grant('readonly', 6, 2);
    const thread = fixture.thread(fixture.window());
    expect(await thread.load(fixture.word(1))).toBe(5);
    await thread.store(fixture.word(0), 7);
    expect(await thread.load(fixture.word(2))).toBe(6);
    expect([fixture.frameWord(0), fixture.faults]).toEqual([7, []]);
    const store = thread.store(fixture.word(2), 8);
    await fixture.faulted(1);
    fixture.memory.permit(2, 'exclusive');
    fixture.memory.flush();
    await store;
    expect(fixture.frameWord(2)).toBe(8);
  });

  it('shows a part of the region from its own byte 0', async () => {
    const fixture = fixtureOf(6);
    const window = fixture.window(2, 3);
    expect([window.offset, window.bytes, window.buffer.byteLength]).toEqual([2 * here.pageBytes, 3 * here.pageBytes, 3 * here.pageBytes]);
    const load = fixture.thread(window).load(fixture.word(1));
    await fixture.faulted(1);
    expect(fixture.faults[0]?.index).toBe(3);
    fixture.grant('readonly', 9, 3);
    expect(await load).toBe(9);
  });

  it('shares its pages with another that overlaps it, and loses them with it', async () => {
    const fixture = fixtureOf(6);
    const [left, right] = [fixture.window(0, 4), fixture.window(2, 4)];
    const [one, other] = [fixture.thread(left), fixture.thread(right)];
    fixture.grant('exclusive', 1, 0, 1, 2, 3, 4, 5);
    await one.store(fixture.word(3), 33);
    expect(await other.load(fixture.word(1))).toBe(33);
    for (const index of [0, 1, 2, 3, 4, 5]) fixture.memory.revoke(index);
    fixture.memory.flush();
    const loads = [one.load(fixture.word(3)), other.load(fixture.word(1))];
    await fixture.faulted(2);
    expect(fixture.faults.map(({ index }) => index)).toEqual([3, 3]);
    fixture.grant('readonly', 34, 3);
    expect(await Promise.all(loads)).toEqual([34, 34]);
  });

  it('is a WebAssembly memory where it has whole pages of one', () => {
    const fixture = fixtureOf(17);
    expect(fixture.window(1, 16).memory?.buffer.byteLength).toBe(65_536);
    expect(fixture.window().memory).toBeUndefined();
  });

  it('is counted as long as it is open, and can be closed again', () => {
    const fixture = fixtureOf(4);
    const windows = [fixture.window(0, 2), fixture.window(1, 2), fixture.window()];
    for (const window of windows) window.close();
    for (const window of windows) window.close();
    expect(fixture.counts).toEqual([1, 2, 3, 2, 1, 0]);
  });

  it('leaves the others as they are when it is closed', async () => {
    const fixture = fixtureOf(4);
    const [closed, kept] = [fixture.window(), fixture.window()];
    const thread = fixture.thread(kept);
    fixture.grant('exclusive', 5, 0);
    await thread.store(0, 6);
    closed.close();
    expect(await thread.load(0)).toBe(6);
    const load = thread.load(fixture.word(3));
    await fixture.faulted(1);
    fixture.grant('readonly', 7, 3);
    expect(await load).toBe(7);
    fixture.memory.revoke(0);
    fixture.memory.flush();
    expect(fixture.frameWord(0)).toBe(6);
  });
});

describe.skipIf(!here.supported)(`a window is refused${unlessHere}`, () => {
  const os = here.pageBytes;
  it.each([
    ['that starts inside a page', { offset: 1, bytes: os }, 'bad-argument'],
    ['that ends inside a page', { offset: 0, bytes: os + 1 }, 'bad-argument'],
    ['that starts before the region', { offset: -os, bytes: os }, 'bad-argument'],
    ['of nothing', { offset: 0, bytes: 0 }, 'bad-argument'],
    ['of less than nothing', { offset: os, bytes: -os }, 'bad-argument'],
    ['of no number of bytes', { offset: 0, bytes: Number.NaN }, 'bad-argument'],
    ['that goes past the end', { offset: 3 * os, bytes: 2 * os }, 'out-of-range'],
    ['that starts past the end', { offset: 4 * os, bytes: os }, 'out-of-range'],
  ])('%s', (_what, range, code) => {
    const fixture = fixtureOf(4);
    expect(() => fixture.memory.map(range)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(`region "${fixture.name}"`) }),
    );
    expect(fixture.counts).toEqual([]);
  });

  it('that does not end where a page of the region does', () => {
    const { memory } = fixtureOf(4, 4 * os);
    expect(() => memory.map({ offset: 0, bytes: os })).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });

  it('of pages that the kernel cannot guard, and it says which it could', () => {
    const { memory } = fixtureOf(4, 64);
    expect(() => memory.map({ offset: 0, bytes: 256 })).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringMatching(`${os} bytes.*pageBytes.*pin\\(\\)`) }),
    );
  });

  it('when the memory has been closed', () => {
    const { memory } = fixtureOf(4);
    memory.close();
    expect(() => memory.map({ offset: 0, bytes: os })).toThrow(expect.objectContaining({ code: 'closed' }));
  });
});

describe.skipIf(!here.supported)(`faults that come late or twice${unlessHere}`, () => {
  it('change nothing where the page is here as it was wanted', async () => {
    const fixture = fixtureOf(2);
    const thread = fixture.thread(fixture.window());
    const load = thread.load(0);
    const [event] = await fixture.faulted(1).then(() => fixture.events);
    const { address, threadId } = event ?? { address: 0, threadId: 0 };
    fixture.grant('readonly', 5, 0);
    await load;
    fixture.windows.fault(address, false, threadId);
    expect([fixture.memory.rightOf(0), await thread.load(0), fixture.faults.length]).toEqual([1, 5, 1]);
    const store = thread.store(0, 6);
    await fixture.faulted(2);
    fixture.memory.permit(0, 'exclusive');
    fixture.memory.flush();
    await store;
    fixture.windows.fault(address, false, threadId);
    fixture.windows.fault(address, true, threadId);
    await thread.store(0, 7);
    expect([fixture.frameWord(0), fixture.faults.length]).toEqual([7, 2]);
  });

  it('do not bring back what was taken away since', async () => {
    const fixture = fixtureOf(1);
    const thread = fixture.thread(fixture.window());
    const first = thread.store(0, 1);
    await fixture.faulted(1);
    fixture.grant('exclusive', 0, 0);
    await first;
    fixture.memory.protect(0);
    const { address, threadId } = fixture.events[0] ?? { address: 0, threadId: 0 };
    fixture.windows.fault(address, false, threadId);
    const store = thread.store(0, 2);
    await fixture.faulted(2);
    expect(fixture.frameWord(0)).toBe(1);
    fixture.memory.permit(0, 'exclusive');
    fixture.memory.flush();
    await store;
  });

  it('are told again when the page is not here', async () => {
    const fixture = fixtureOf(1);
    const load = fixture.thread(fixture.window()).load(0);
    await fixture.faulted(1);
    const { address, threadId } = fixture.events[0] ?? { address: 0, threadId: 0 };
    fixture.windows.fault(address, false, threadId);
    expect(fixture.faults).toHaveLength(2);
    fixture.grant('readonly', 3, 0);
    expect(await load).toBe(3);
  });

  it('in a window that is gone, or beside one, are nobody’s', async () => {
    const fixture = fixtureOf(1);
    const window = fixture.window();
    const load = fixture.thread(window).load(0);
    await fixture.faulted(1);
    const { address, threadId } = fixture.events[0] ?? { address: 0, threadId: 0 };
    fixture.grant('readonly', 3, 0);
    await load;
    window.close();
    fixture.windows.fault(address, false, threadId);
    fixture.windows.fault(address + here.pageBytes, true, threadId);
    expect(fixture.faults).toHaveLength(1);
  });

  it('do not matter to a thread whose page the kernel has unmapped by itself', async () => {
    const fixture = fixtureOf(2);
    const thread = fixture.thread(fixture.window());
    const load = thread.load(0);
    await fixture.faulted(1);
    fixture.grant('exclusive', 5, 0, 1);
    await load;
    const { address } = fixture.events[0] ?? { address: 0 };
    fixture.userfaultfd.drop({ address, bytes: 2 * here.pageBytes });
    await thread.store(0, 6);
    expect(await thread.load(fixture.word(1))).toBe(5);
    expect([fixture.frameWord(0), fixture.faults.length]).toEqual([6, 1]);
  });
});
