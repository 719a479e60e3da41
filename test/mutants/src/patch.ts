import type { Mutant } from './mutant.js';

/** The top of the repository, with a slash at the end. */
export const repository = new URL('../../../', import.meta.url);

type Patch = Pick<Mutant, 'name' | 'file' | 'find' | 'replace'>;

/** The source with the bug in it. Throws unless the mutant fits the source in exactly one place, and says what to do then. */
export function plant({ name, file, find, replace }: Patch, source: string): string {
  const parts = source.split(find);
  const [before, after] = parts;
  if (parts.length === 2 && before !== undefined && after !== undefined) return before + replace + after;
  const places = parts.length === 1 ? 'nowhere' : `in ${parts.length - 1} places`;
  throw new Error(
    `mutant "${name}" fits ${places} in ${file}, and has to fit in one: the code has moved, so plant the same bug in what does the job now ` +
      `(test/mutants/src/mutants/). It looks for:\n${find}`,
  );
}
