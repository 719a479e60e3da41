import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutant.js';
import { plant, repository } from './patch.js';

/** What vite and rolldown have in common of a plugin. */
export interface SourcePlugin {
  readonly name: string;
  readonly enforce: 'pre';
  transform(code: string, id: string): string | null;
}

/** Gives the mutant's text in place of the file's to whoever loads that module; the file stays as it is. */
export function sourcePlugin(mutant: Mutant | undefined): SourcePlugin {
  const file = mutant && fileURLToPath(new URL(mutant.file, repository));
  return {
    name: 'pagewire-mutant',
    enforce: 'pre',
    transform: (code, id) => (mutant !== undefined && id.split('?')[0] === file ? plant(mutant, code) : null),
  };
}
