import { type PageId, pageId, regionId } from '@pagewire/protocol';
import { describe, expect, it } from 'vitest';
import { ReleaseWindow } from '../src/release-window.js';

const page = (index: number): PageId => pageId(regionId(1), index);
const pages = (...indices: number[]): PageId[] => indices.map(page);

/** A window of two pages, with a pass over `count` pages under way. */
function givingBack(count: number): ReleaseWindow<string> {
  const window = new ReleaseWindow<string>(20, () => 10);
  window.start(
    'all',
    () => pages(...Array(count).keys()),
    () => true,
  );
  return window;
}

describe('the release window', () => {
  it('lets the next pages go when those on their way have arrived', () => {
    const window = givingBack(5);
    expect(window.next()).toEqual(pages(0, 1));
    expect(window.next()).toEqual([]);
    window.evicted(page(0));
    window.evicted(page(1));
    expect(window.next()).toEqual(pages(2, 3));
  });

  it('does not wait for pages that were taken away on their way', () => {
    const window = givingBack(4);
    window.next();
    window.prune((gone) => gone === page(0) || gone === page(1));
    expect(window.next()).toEqual(pages(2, 3));
  });

  it('lets all of the rest go at once when it is told to', () => {
    const window = givingBack(6);
    window.next();
    window.unbound();
    expect(window.next()).toEqual(pages(2, 3, 4, 5));
  });
});
