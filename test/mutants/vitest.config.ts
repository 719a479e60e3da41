import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { mutantNamed } from './src/mutant-named.js';
import { sourcePlugin } from './src/source-plugin.js';

// Runs tests of any package with the bug PAGEWIRE_MUTANT in the sources, and without one where it is not set.
const conditions = ['pagewire-source'];

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  plugins: [sourcePlugin(mutantNamed(process.env['PAGEWIRE_MUTANT']))],
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/*/test/**/*.test.ts'],
    // A bug that makes a test wait is found when its time is over.
    testTimeout: 10_000,
    hookTimeout: 10_000,
    maxWorkers: 1,
    // What these runs took says nothing of the product's own.
    cache: false,
  },
});
