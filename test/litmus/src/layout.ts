import { type LitmusTest, locationsOf } from './litmus-test.js';

/** How the locations of a test lie on pages: each on its own, all on one, or as the test's `pages` says. */
export type LayoutName = 'own-pages' | 'one-page' | 'given';

export interface Layout {
  readonly name: LayoutName;
  /** The page of each location, counted from 0 in the order in which the locations come up. */
  readonly pageOf: ReadonlyMap<string, number>;
  readonly pageCount: number;
}

/**
 * The layouts that a test is run in. Two names for the same layout (the one location of a test is on its own page and all of them are on
 * one page) count once, under the first name; so does a given layout that is one of the others.
 */
export function layoutsOf(test: LitmusTest, wanted: 'own-pages' | 'one-page' | 'both'): readonly Layout[] {
  const { pages } = test;
  const candidates: Layout[] = [];
  if (wanted !== 'one-page') candidates.push(layout(test, 'own-pages', (location) => location));
  if (wanted !== 'own-pages') candidates.push(layout(test, 'one-page', () => ''));
  // Names of pages and names of locations that have no page must not meet.
  if (pages !== undefined) candidates.push(layout(test, 'given', (location) => named(pages.get(location), location)));
  return candidates.filter((candidate, index) => candidates.findIndex((other) => isSame(other, candidate)) === index);
}

const named = (page: string | undefined, location: string): string => (page === undefined ? `own ${location}` : `page ${page}`);

function layout(test: LitmusTest, name: LayoutName, pageName: (location: string) => string): Layout {
  const numbers = new Map<string, number>();
  const pageOf = new Map<string, number>();
  for (const location of locationsOf(test)) {
    const page = pageName(location);
    if (!numbers.has(page)) numbers.set(page, numbers.size);
    pageOf.set(location, numbers.get(page) ?? 0);
  }
  return { name, pageOf, pageCount: numbers.size };
}

const isSame = (a: Layout, b: Layout): boolean => [...a.pageOf].every(([location, page]) => b.pageOf.get(location) === page);
