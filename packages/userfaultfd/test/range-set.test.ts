import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeSet } from '../src/range-set.js';

const size = 24;
const range = fc.tuple(fc.nat(size - 1), fc.integer({ min: 1, max: size })).map(([address, bytes]) => ({ address, bytes }));

test('a set of ranges covers what a set of addresses does', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), range), { maxLength: 12 }), (steps) => {
      const ranges = new RangeSet();
      const addresses = new Array<boolean>(2 * size).fill(false);
      for (const [add, step] of steps) {
        ranges[add ? 'add' : 'remove'](step);
        addresses.fill(add, step.address, step.address + step.bytes);
      }
      for (let address = 0; address < size; address++) {
        for (let bytes = 1; bytes <= size; bytes++) {
          const covered = addresses.slice(address, address + bytes).every(Boolean);
          expect(ranges.covers({ address, bytes })).toBe(covered);
        }
      }
    }),
  );
});
