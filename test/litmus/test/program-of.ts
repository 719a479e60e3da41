import { layoutsOf, Oracle, type Outcome, type Program, parseTests, programOf } from '../src/index.js';

/** A program made of the fields of a test, in one layout. */
export function programFrom(
  threads: readonly (readonly (readonly [string, ...(string | number)[]])[])[],
  layout: 'own-pages' | 'one-page' = 'own-pages',
  forbidden: Readonly<Record<string, number>> = { x: 99 },
): Program {
  const [test] = parseTests(JSON.stringify([{ name: 'test', threads, forbidden }]));
  const [found] = test === undefined ? [] : layoutsOf(test, layout);
  if (test === undefined || found === undefined) throw new Error('a file of one test has one');
  return programOf(test, found);
}

/** Every allowed outcome as text, sorted. */
export const allowedText = (program: Program): string[] =>
  (new Oracle(program).endings ?? []).map(({ outcome }) => show(program, outcome)).toSorted();

export const show = ({ columns }: Program, outcome: Outcome): string => columns.map((column, at) => `${column}=${outcome[at]}`).join(' ');
