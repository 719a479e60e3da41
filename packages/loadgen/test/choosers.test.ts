import { describe, expect, test } from 'vitest';
import { keyChooser } from '../src/choosers.js';
import { fnv1a64, hashBelow } from '../src/fnv.js';
import { Random } from '../src/random.js';
import { Zipfian, zetaBetween } from '../src/zipfian.js';

const draws = (n: number, next: () => number): number[] => Array.from({ length: n }, next);

function histogram(values: readonly number[], size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

const chiSquare = (observed: readonly number[], expected: readonly number[]): number =>
  observed.reduce((sum, n, i) => sum + (n - (expected[i] ?? 0)) ** 2 / (expected[i] ?? 1), 0);

/** Far beyond what chance gives with `degrees` of freedom: mean + 5 standard deviations. */
const chiSquareLimit = (degrees: number): number => degrees + 5 * Math.sqrt(2 * degrees);

describe('random', () => {
  test('the same seed and stream give the same numbers', () => {
    const one = new Random(7, 3);
    const two = new Random(7, 3);
    expect(draws(100, () => one.uint32())).toEqual(draws(100, () => two.uint32()));
  });

  test.each([
    ['seeds', new Random(1, 0), new Random(2, 0)],
    ['streams', new Random(1, 0), new Random(1, 1)],
  ])('different %s give different numbers', (_, one, two) => {
    const common = new Set(draws(1000, () => one.uint32()));
    expect(draws(1000, () => two.uint32()).filter((n) => common.has(n)).length).toBeLessThan(5);
  });

  test('the stream of seed 1 never changes, so that a seed replays on every machine and release', () => {
    const random = new Random(1, 0);
    expect(draws(4, () => random.uint32())).toEqual([3384357204, 4001177017, 406009659, 1774243713]);
  });

  test('below() is uniform', () => {
    const random = new Random(11, 0);
    const observed = histogram(
      draws(100_000, () => random.below(100)),
      100,
    );
    expect(chiSquare(observed, new Array(100).fill(1000))).toBeLessThan(chiSquareLimit(99));
  });
});

describe('fnv', () => {
  const reference = (value: number): bigint => {
    let hash = 0xcbf29ce484222325n;
    for (let i = 0n; i < 8n; i++) hash = ((hash ^ ((BigInt(value) >> (8n * i)) & 0xffn)) * 0x100000001b3n) & 0xffffffffffffffffn;
    return hash;
  };
  const samples = [0, 1, 2, 255, 256, 65_537, 2 ** 32 - 1, 2 ** 32, 9_999_999_999];

  test.each(samples)('hashes %i as the 64-bit definition does', (value) => {
    const { high, low } = fnv1a64(value);
    expect((BigInt(high) << 32n) | BigInt(low)).toBe(reference(value));
  });

  test.each(samples)('places %i where YCSB does: the absolute value of the signed hash, modulo the items', (value) => {
    const signed = BigInt.asIntN(64, reference(value));
    const expected = (signed < 0n ? -signed : signed) % 1_000_003n;
    expect(BigInt(hashBelow(fnv1a64(value), 1_000_003))).toBe(expected);
  });
});

describe('zipfian', () => {
  test('gives the first two items their exact share and the others theirs within the approximation', () => {
    const items = 1000;
    const n = 200_000;
    const random = new Random(5, 0);
    const zipfian = new Zipfian({ items });
    const zeta = zetaBetween(0, items, 0.99);
    const observed = histogram(
      draws(n, () => zipfian.next(random)),
      items,
    );
    const share = (from: number, to: number): number => observed.slice(from, to).reduce((sum, count) => sum + count, 0) / n;
    expect(share(0, 1)).toBeCloseTo(1 / zeta, 2);
    expect(share(1, 2)).toBeCloseTo(0.5 ** 0.99 / zeta, 2);
    expect(Math.abs(share(0, 10) - zetaBetween(0, 10, 0.99) / zeta)).toBeLessThan(0.03);
    expect(Math.abs(share(0, 100) - zetaBetween(0, 100, 0.99) / zeta)).toBeLessThan(0.03);
    expect(share(0, items)).toBe(1);
  });

  test('that grew one item at a time draws as one that was made large', () => {
    const grown = new Zipfian({ items: 10 });
    for (let items = 11; items <= 500; items++) grown.resize(items);
    const made = new Zipfian({ items: 500 });
    const one = new Random(9, 0);
    const two = new Random(9, 0);
    expect(draws(10_000, () => grown.next(one))).toEqual(draws(10_000, () => made.next(two)));
  });

  test("YCSB's constant for 10^10 items is the sum that it claims to be", () => {
    // Euler–Maclaurin from 10^6 on, where its error is far below the digits compared.
    const from = 1e6;
    const to = 1e10;
    const integral = (to ** 0.01 - from ** 0.01) / 0.01;
    const ends = (to ** -0.99 - from ** -0.99) / 2;
    expect(zetaBetween(0, from, 0.99) + integral + ends).toBeCloseTo(26.46902820178302, 6);
  });
});

describe('choosers', () => {
  test('uniform favours no key', () => {
    const chooser = keyChooser('uniform', { count: 50, expected: 50 });
    const random = new Random(1, 0);
    const observed = histogram(
      draws(50_000, () => chooser.next(random, 50)),
      50,
    );
    expect(chiSquare(observed, new Array(50).fill(1000))).toBeLessThan(chiSquareLimit(49));
  });

  test('scrambled zipfian gives its most popular key the share of the most popular of 10^10 items, and spreads popular keys', () => {
    const chooser = keyChooser('zipfian', { count: 1000, expected: 1000 });
    const random = new Random(1, 0);
    const observed = histogram(
      draws(200_000, () => chooser.next(random, 1000)),
      1000,
    );
    const hottest = hashBelow(fnv1a64(0), 1000);
    expect(observed[hottest]).toBe(Math.max(...observed));
    expect(Math.abs((observed[hottest] ?? 0) / 200_000 - 1 / 26.469)).toBeLessThan(0.005);
    const firstTenth = observed.slice(0, 100).reduce((sum, count) => sum + count, 0) / 200_000;
    expect(firstTenth).toBeLessThan(0.3);
  });

  test('scrambled zipfian draws again until the key exists', () => {
    const chooser = keyChooser('zipfian', { count: 10, expected: 1000 });
    const random = new Random(1, 0);
    expect(Math.max(...draws(1000, () => chooser.next(random, 10)))).toBeLessThan(10);
  });

  test('latest prefers the newest key as keys are added', () => {
    const chooser = keyChooser('latest', { count: 100, expected: 100 });
    const random = new Random(1, 0);
    const ages = draws(20_000, () => 99 - chooser.next(random, 100));
    const later = draws(20_000, () => 199 - chooser.next(random, 200));
    const shareOfNewest = (values: readonly number[]): number => values.filter((age) => age === 0).length / values.length;
    expect(shareOfNewest(ages)).toBeCloseTo(1 / zetaBetween(0, 100, 0.99), 1);
    expect(shareOfNewest(later)).toBeCloseTo(1 / zetaBetween(0, 200, 0.99), 1);
    expect(Math.min(...ages, ...later)).toBe(0);
    expect(Math.max(...later)).toBeLessThan(200);
  });
});
