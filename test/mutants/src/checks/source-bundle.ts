import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import type { Mutant } from '../mutant.js';
import { repository } from '../patch.js';
import { sourcePlugin } from '../source-plugin.js';

/** What a bundle is to export, by the source file that has it, as a path from the top of the repository. */
export type Exports = Readonly<Record<string, readonly string[]>>;

const entry = '\0exports-from-sources';

const entryOf = (exports: Exports) => ({
  name: 'exports-from-sources',
  resolveId: (id: string): string | null => (id === entry ? entry : null),
  load: (id: string): string | null => (id === entry ? entryText(exports) : null),
});

const entryText = (exports: Exports): string =>
  Object.entries(exports)
    .map(([file, names]) => `export { ${names.join(', ')} } from ${JSON.stringify(fileURLToPath(new URL(file, repository)))};`)
    .join('\n');

/** Modules that look at their own place, which a bundle in memory has not. */
const placedModules = {
  name: 'placed-modules',
  transform: (code: string, id: string): string | null =>
    code.includes('import.meta.url') ? code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)) : null,
};

/** Loads modules from their sources, with the mutant in them. Throws when they do not bundle or do not load. */
export async function loadSources(exports: Exports, mutant: Mutant | undefined): Promise<Readonly<Record<string, unknown>>> {
  const bundle = await rolldown({
    input: entry,
    platform: 'node',
    external: [/^node:/],
    resolve: { conditionNames: ['pagewire-source', 'import', 'node', 'default'] },
    logLevel: 'silent',
    plugins: [entryOf(exports), sourcePlugin(mutant), placedModules],
  });
  const { output } = await bundle.generate({ format: 'esm', sourcemap: false });
  await bundle.close();
  // From memory: nothing is left behind when the run is ended.
  return import(`data:text/javascript;base64,${Buffer.from(output[0].code).toString('base64')}`);
}
