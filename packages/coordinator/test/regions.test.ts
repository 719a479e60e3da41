import { limits, regionId } from '@pagewire/protocol';
import { expect, test } from 'vitest';
import { pageCountOf, Regions } from '../src/regions.js';

const coded = (code: string, message: RegExp = /./) => expect.objectContaining({ code, message: expect.stringMatching(message) });
const failure = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

test('a new region has whole pages of the default size', () => {
  const { record, created } = new Regions().open('grid', { bytes: 4097 });
  expect({ record, created, pages: pageCountOf(record) }).toEqual({
    record: { region: 1, name: 'grid', bytes: 8192, pageBytes: limits.defaultPageBytes },
    created: true,
    pages: 2,
  });
});

test('opening takes what it does not say from the record', () => {
  const regions = new Regions();
  const { record } = regions.open('grid', { bytes: 5000, pageBytes: 1024 });
  const opened = [{}, { bytes: 5000 }, { bytes: 5120 }, { pageBytes: 1024 }, { bytes: 5000, pageBytes: 1024 }].map((options) =>
    regions.open('grid', options),
  );
  expect(opened).toEqual(Array.from({ length: 5 }, () => ({ record, created: false })));
});

test.each([{ bytes: 9000 }, { pageBytes: 8192 }, { bytes: 4096, pageBytes: 4096 }])(
  'opening with %j when the sizes differ says both',
  (options) => {
    const regions = new Regions();
    regions.open('grid', { bytes: 8192 });
    expect(failure(() => regions.open('grid', options))).toEqual(
      coded('region-mismatch', /"grid" with \d+ bytes in pages of \d+: it has 8192 bytes in pages of 4096/),
    );
  },
);

test('a region that does not exist cannot be opened without a size', () => {
  expect(failure(() => new Regions().open('grid', { pageBytes: 4096 }))).toEqual(coded('no-such-region', /"grid".*size/));
});

test.each([
  ['an empty name', '', { bytes: 1 }],
  ['a size of zero', 'grid', { bytes: 0 }],
  ['a page size that is no power of two', 'grid', { bytes: 1, pageBytes: 1000 }],
  ['more pages than an index can name', 'grid', { bytes: limits.maxRegionBytes, pageBytes: 64 }],
])('%s is refused', (_what, name, options) => {
  const regions = new Regions();
  expect(failure(() => regions.open(name, options))).toEqual(coded('bad-argument'));
  expect(regions.size).toBe(0);
});

test('a deleted region is gone and its id is not used again', () => {
  const regions = new Regions();
  const first = regions.open('grid', { bytes: 1 }).record;
  expect(regions.delete('grid')).toEqual(first);
  expect(failure(() => regions.delete('grid'))).toEqual(coded('no-such-region', /"grid"/));
  expect(regions.open('grid', { bytes: 1 }).record.region).toBeGreaterThan(first.region);
});

test('regions are listed a message at a time, in the order of their ids', () => {
  const regions = new Regions();
  const ids = Array.from({ length: limits.maxRegionsPerList + 2 }, (_, i) => regions.open(`r${i}`, { bytes: 1 }).record.region);
  const first = regions.page();
  const second = regions.page(first.at(-1)?.region);
  expect([...first, ...second].map((record) => record.region)).toEqual(ids);
  expect([first.length, second.length, regions.page(regionId(ids.length)).length]).toEqual([limits.maxRegionsPerList, 2, 0]);
});

test('a region beyond the limit is refused as overloaded, and fits when another is deleted', () => {
  const regions = new Regions();
  for (let i = 0; i < limits.maxRegions; i++) regions.open(`r${i}`, { bytes: 1 });
  expect(failure(() => regions.open('one-more', { bytes: 1 }))).toEqual(coded('overloaded'));
  regions.delete('r0');
  expect(regions.open('one-more', { bytes: 1 }).created).toBe(true);
});

test('numbers start where a life of the coordinator says, and rise from there', () => {
  const regions = new Regions(77);
  expect(regions.open('first', { bytes: 1 }).record.region).toBe(77);
  expect(regions.open('second', { bytes: 1 }).record.region).toBe(78);
});
