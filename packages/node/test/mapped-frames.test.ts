import { closeSync, fstatSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { here, unlessHere } from './memories.js';
import { plainFixtures } from './plain-fixture.js';

const fixtureOf = plainFixtures();

describe.skipIf(!here.supported)(`memory that is closed${unlessHere}`, () => {
  it('leaves that of other regions alone', async () => {
    const fixture = fixtureOf(2);
    const other = fixture.another('other', { pages: 2 });
    const closed = other.map({ offset: 0, bytes: 2 * here.pageBytes });
    const thread = fixture.thread(fixture.window());
    other.stage(0, 'zero');
    other.permit(0, 'exclusive');
    other.flush();
    other.close();
    expect(fixture.counts).toEqual([1, 2, 1]);
    const load = thread.load(fixture.word(1));
    await fixture.faulted(1);
    fixture.grant('exclusive', 4, 1);
    expect(await load).toBe(4);
    expect(closed.buffer.byteLength).toBe(2 * here.pageBytes);
  });

  it('gives its frames back, although views of them may still be in use', () => {
    const fixture = fixtureOf(64);
    fixture.grant('exclusive', 1, ...Array(64).keys());
    const { view, frameBytes } = { view: fixture.memory.view(0), frameBytes: fixture.frameBytes };
    const descriptor = fixture.keepDescriptor();
    fixture.memory.close();
    expect([frameBytes, fstatSync(descriptor).blocks, view.length]).toEqual([64 * here.pageBytes, 0, here.pageBytes]);
    closeSync(descriptor);
  });

  it('gives back the frames of pages that were forgotten before', () => {
    const fixture = fixtureOf(64);
    const pages = Array.from({ length: 64 }, (_, index) => index);
    fixture.grant('exclusive', 1, ...pages);
    expect(fixture.frameBytes).toBe(64 * here.pageBytes);
    for (const index of pages.slice(8, 40)) {
      fixture.memory.revoke(index);
      fixture.memory.forget(index);
    }
    fixture.memory.flush();
    fixture.memory.trim();
    expect(fixture.frameBytes).toBe(32 * here.pageBytes);
  });
});

describe.skipIf(!here.supported)(`frames of pages that were forgotten${unlessHere}`, () => {
  it('come back with the bytes that the pages come back with', async () => {
    const fixture = fixtureOf(4);
    const thread = fixture.thread(fixture.window());
    fixture.grant('exclusive', 1, 0, 1, 2, 3);
    for (const index of [0, 1, 2, 3]) {
      fixture.memory.revoke(index);
      fixture.memory.forget(index);
    }
    fixture.memory.trim();
    expect(fixture.frameBytes).toBe(0);
    const load = thread.load(fixture.word(2));
    await fixture.faulted(1);
    fixture.grant('readonly', 8, 2);
    expect(await load).toBe(8);
    expect(fixture.frameBytes).toBe(here.pageBytes);
  });

  it('stay where the page came back before they were given back', () => {
    const fixture = fixtureOf(2);
    fixture.grant('exclusive', 1, 0, 1);
    for (const index of [0, 1]) {
      fixture.memory.revoke(index);
      fixture.memory.forget(index);
    }
    fixture.stage(2, 0);
    fixture.memory.permit(1, 'readonly');
    fixture.memory.trim();
    expect([fixture.frameWord(0), fixture.frameWord(1)]).toEqual([2, 1]);
  });

  it('stay where a page of the machine holds several of the region', () => {
    const fixture = fixtureOf(128, 64);
    fixture.grant('exclusive', 3, 0, 1);
    fixture.memory.revoke(0);
    fixture.memory.forget(0);
    fixture.memory.trim();
    expect(fixture.frameWord(1)).toBe(3);
  });
});

describe.skipIf(!here.supported)(`a region of more than 4 GiB${unlessHere}`, () => {
  const seam = 4 * 1024 ** 3;
  const pageBytes = 65_536;
  const pages = seam / pageBytes + 4;

  it('is not one buffer, and a part of it across the seam is', async () => {
    const fixture = fixtureOf(pages, pageBytes);
    expect(() => fixture.memory.map({ offset: 0, bytes: pages * pageBytes })).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('map()') }),
    );
    const first = seam / pageBytes - 1;
    const thread = fixture.thread(fixture.window(first, 3));
    const load = thread.load(fixture.word(0));
    await fixture.faulted(1);
    expect(fixture.faults[0]?.index).toBe(first);
    fixture.grant('exclusive', 5, first, first + 1, first + 2);
    expect([await load, await thread.load(fixture.word(1))]).toEqual([5, 5]);
    await thread.store(fixture.word(2), 6);
    expect([fixture.frameWord(first + 2), fixture.faults.length]).toEqual([6, 1]);
  });
});
