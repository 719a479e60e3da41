import { describe, expect, it } from 'vitest';
import { type LitmusTest, layoutsOf, parseTests } from '../src/index.js';

const threads = [
  [
    ['W', 'x', 1],
    ['W', 'y', 1],
    ['W', 'z', 1],
  ],
];
function testWith(fields: object): LitmusTest {
  const [test] = parseTests(JSON.stringify([{ name: 'test', threads, forbidden: { x: 9 }, ...fields }]));
  if (test === undefined) throw new Error('a file of one test has one');
  return test;
}
const shown = (test: LitmusTest, wanted: 'own-pages' | 'one-page' | 'both' = 'both') =>
  layoutsOf(test, wanted).map(({ name, pageOf }) => `${name}: ${[...pageOf.values()].join(' ')}`);

describe('the layouts of a test', () => {
  it('are each location on its own page, and all on one', () => {
    expect(shown(testWith({}))).toEqual(['own-pages: 0 1 2', 'one-page: 0 0 0']);
  });

  it('are one of these where one is wanted', () => {
    expect([...shown(testWith({}), 'own-pages'), ...shown(testWith({}), 'one-page')]).toEqual(['own-pages: 0 1 2', 'one-page: 0 0 0']);
  });

  it('are also the one that the test gives, in which locations without a page have their own', () => {
    expect(shown(testWith({ pages: { x: 'z', y: 'z' } }))).toEqual(['own-pages: 0 1 2', 'one-page: 0 0 0', 'given: 0 0 1']);
  });

  it('are no layout twice', () => {
    expect(shown(testWith({ pages: { x: 'A', y: 'A', z: 'A' } }))).toEqual(['own-pages: 0 1 2', 'one-page: 0 0 0']);
    expect(shown(testWith({ threads: [[['W', 'x', 1]]] }))).toEqual(['own-pages: 0']);
  });
});
