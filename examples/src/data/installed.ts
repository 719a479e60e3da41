import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** The folder of an installed package whose package.json can be resolved. */
export function folderOf(packageName: string): string {
  return dirname(require.resolve(`${packageName}/package.json`));
}

/** The text of one of the data files of the `vega-datasets` package. */
export function vegaDataset(file: string): string {
  // Its package.json is not exported; its entry point is, one folder below the top.
  return readFileSync(join(dirname(require.resolve('vega-datasets')), '..', 'data', file), 'utf8');
}
