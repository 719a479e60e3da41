export { allMutants, mutantGroups } from './all-mutants.js';
export type { Mutant, MutantGroup } from './mutant.js';
export { plant } from './patch.js';
