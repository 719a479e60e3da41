import { allMutants } from './all-mutants.js';
import type { Mutant } from './mutant.js';

/** The mutant of that name; none for no name. Throws when there is none of that name. */
export function mutantNamed(name: string | undefined): Mutant | undefined {
  if (name === undefined || name === '') return undefined;
  const mutant = allMutants.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}": pnpm mutants --list shows them`);
  return mutant;
}
