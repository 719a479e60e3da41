import { limits, millis, type PageId, pageId, type Right, regionId } from '@pagewire/protocol';
import { describe, expect, it } from 'vitest';
import { type Ask, RequestWindow } from '../src/request-window.js';

const bytes = 10;
const page = (index: number, region = 1): PageId => pageId(regionId(region), index);
const now = millis(0);
const soon = millis(100);

/** A window of four pages. */
const fourPages = (): RequestWindow => new RequestWindow(4 * bytes);

function want(window: RequestWindow, indices: readonly number[], options: { right?: Right; deadline?: number; urgent?: boolean } = {}) {
  const { right = 'readonly', deadline = soon, urgent = false } = options;
  for (const index of indices) window.want({ page: page(index), bytes, right, deadline: millis(deadline) }, urgent);
}

/** Everything that may be asked for now. */
function asks(window: RequestWindow, at = now): Ask[] {
  const all: Ask[] = [];
  for (let ask = window.next(at); ask !== undefined; ask = window.next(at)) all.push(ask);
  return all;
}
const asked = (window: RequestWindow, at = now): PageId[] => asks(window, at).flatMap(({ pages }) => pages);
const pages = (...indices: number[]): PageId[] => indices.map((index) => page(index));

describe('the request window', () => {
  it('asks for as many bytes as it has room for, and for the rest in order as pages come', () => {
    const window = fourPages();
    want(window, [9, 8, 7, 6, 5, 4]);
    expect(asked(window)).toEqual(pages(9, 8, 7, 6));
    window.ended(page(7));
    expect(asked(window)).toEqual(pages(5));
    expect(asked(window)).toEqual([]);
    expect(window.queued).toBe(1);
  });

  it('asks for one page at a time when none fits', () => {
    const window = new RequestWindow(bytes - 1);
    want(window, [0, 1]);
    expect(asked(window)).toEqual(pages(0));
    window.ended(page(0));
    expect(asked(window)).toEqual(pages(1));
  });

  it('puts pages of one right and one deadline into one message', () => {
    const window = fourPages();
    want(window, [0, 1]);
    want(window, [2], { right: 'exclusive' });
    want(window, [3], { right: 'exclusive', deadline: 200 });
    expect(asks(window).map((ask) => ask.pages)).toEqual([pages(0, 1), pages(2), pages(3)]);
  });

  it('keeps the turn of a page that is wanted again, with the most that anybody needs', () => {
    const window = fourPages();
    want(window, [0, 1, 2, 3, 4, 5]);
    asks(window);
    want(window, [4], { right: 'exclusive', deadline: 50 });
    want(window, [4], { deadline: 300 });
    window.ended(page(0));
    expect(asks(window)).toEqual([{ pages: pages(4), right: 'exclusive', deadline: 300 }]);
  });

  it('counts a page once that is asked for again while its request is under way', () => {
    const window = fourPages();
    want(window, [0, 1, 2, 3, 4]);
    asks(window);
    want(window, [0], { right: 'exclusive', deadline: 300 });
    expect(asks(window)).toEqual([{ pages: pages(0), right: 'exclusive', deadline: 300 }]);
    window.ended(page(0));
    expect(asked(window)).toEqual(pages(4));
    expect(asked(window)).toEqual([]);
  });

  it('asks anew for a page that came and is wanted again', () => {
    const window = fourPages();
    want(window, [0, 1, 2, 3]);
    asks(window);
    window.ended(page(0));
    want(window, [0], { right: 'exclusive' });
    expect(asked(window)).toEqual(pages(0));
  });

  it('drops a page whose deadline passed while it waited, and asks for those behind it', () => {
    const window = fourPages();
    want(window, [0, 1, 2, 3]);
    want(window, [4], { deadline: 10 });
    want(window, [5]);
    asks(window);
    window.ended(page(0));
    window.expire(millis(10));
    expect(asked(window, millis(10))).toEqual(pages(5));
    expect(window.has(page(4))).toBe(false);
  });

  it('drops what is too late even when nothing moves', () => {
    const window = fourPages();
    want(window, [0, 1, 2, 3, 4, 5]);
    asks(window);
    window.expire(soon);
    expect(window.queued).toBe(0);
    expect(window.fits(1)).toBe(false);
  });

  it('does not let slow requests stand in the way of others, up to a limit', () => {
    const window = fourPages();
    for (let round = 0; round < limits.maxWindowsPerNode - 1; round++) {
      want(
        window,
        [0, 1, 2, 3].map((index) => round * 4 + index),
        { deadline: 9000 },
      );
      expect(asked(window, millis(round * 1000))).toHaveLength(4);
      window.expire(millis(round * 1000 + 900));
    }
    want(window, [40, 41, 42, 43, 44], { deadline: 9000 });
    expect(asked(window, millis(5000))).toEqual(pages(40, 41, 42, 43));
    window.expire(millis(5900));
    expect(asked(window, millis(5900))).toEqual([]);
    window.ended(page(0));
    window.expire(millis(5950));
    expect(asked(window, millis(5950))).toEqual(pages(44));
  });

  it('asks anew for a page whose want has expired and not been dropped yet', () => {
    const window = new RequestWindow(bytes);
    want(window, [0]);
    asks(window);
    want(window, [1], { deadline: 50 });
    expect(asked(window, millis(60))).toEqual([]);
    want(window, [1], { deadline: 500 });
    window.ended(page(0));
    expect(asked(window, millis(60))).toEqual(pages(1));
  });

  it('asks at once for a page that must not wait its turn', () => {
    const window = fourPages();
    want(window, [0, 1, 2, 3, 4, 5]);
    asks(window);
    want(window, [5], { urgent: true });
    expect(asked(window)).toEqual(pages(5));
    window.ended(page(0));
    expect(asked(window)).toEqual([]);
    window.ended(page(5));
    expect(asked(window)).toEqual(pages(4));
  });

  it('has room for more only where nothing waits', () => {
    const window = fourPages();
    want(window, [0, 1, 2]);
    expect(window.fits(bytes)).toBe(true);
    want(window, [3]);
    expect(window.fits(bytes)).toBe(false);
    asks(window);
    window.ended(page(0));
    expect(window.fits(bytes)).toBe(true);
  });

  it('forgets what waits of one region, and keeps counting what is under way', () => {
    const window = fourPages();
    want(window, [0, 1, 2, 3, 4]);
    asks(window);
    window.want({ page: page(0, 2), bytes, right: 'readonly', deadline: soon });
    window.dropQueued(regionId(1));
    window.ended(page(0));
    expect(asked(window)).toEqual([page(0, 2)]);
    expect(window.fits(1)).toBe(false);
  });

  it('has all its room again in a new life', () => {
    const window = fourPages();
    want(window, [0, 1, 2, 3, 4]);
    asks(window);
    window.expire(millis(1000));
    window.clear();
    expect(window.fits(4 * bytes)).toBe(true);
    want(window, [6, 7, 8, 9]);
    expect(asked(window)).toEqual(pages(6, 7, 8, 9));
  });
});
