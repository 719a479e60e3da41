import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../src/errors.js';
import { isPageId, isRegionId, nextVersion, pageId, pageIndex, regionId, regionOf, showPage, version } from '../src/ids.js';
import { replayable } from './replayable.js';

const lastRegion = 2 ** 20 - 1;
const lastIndex = 2 ** 32 - 1;

describe('page ids', () => {
  it('give back the region and the index they were made of', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: lastRegion }), fc.integer({ min: 0, max: lastIndex }), (region, index) => {
        const page = pageId(regionId(region), index);
        expect([regionOf(page), pageIndex(page)]).toEqual([region, index]);
        expect(isPageId(page)).toBe(true);
      }),
      replayable('ids.test.ts', 1000),
    );
  });

  it('of neighbouring regions do not meet', () => {
    expect(pageId(regionId(1), 0) - pageId(regionId(0), lastIndex)).toBe(1);
  });

  it.each([
    [0, -1],
    [0, 2 ** 32],
    [0, 0.5],
    [2 ** 20, 0],
    [0, Number.NaN],
  ])('of region %d and index %d cannot be made', (region, index) => {
    expect(() => pageId(regionId(region), index)).toThrow(InvariantError);
  });

  it('read as region:index', () => {
    expect(showPage(pageId(regionId(3), 17))).toBe('3:17');
  });
});

describe('numbers from a peer', () => {
  it.each([0, 17, 2 ** 52 - 1])('%d can name a page', (n) => {
    expect(isPageId(n)).toBe(true);
  });

  it.each([-1, 0.5, 2 ** 52, Number.NaN, Number.POSITIVE_INFINITY, 1n, '1', null, undefined])('%s cannot name a page', (n) => {
    expect(isPageId(n)).toBe(false);
  });

  it.each([0, lastRegion])('%d can be a region', (n) => {
    expect(isRegionId(n)).toBe(true);
  });

  it.each([-1, 0.5, 2 ** 20, '1', null])('%s cannot be a region', (n) => {
    expect(isRegionId(n)).toBe(false);
  });
});

describe('versions', () => {
  it('rise by one', () => {
    expect(nextVersion(version(41))).toBe(42);
  });
});
