import { defineConfig } from 'vitest/config';

// Packages resolve to their sources here, so that a unit test never meets a stale build. Cluster tests start real processes and use the build.
const conditions = ['pagewire-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'test/unit/**/*.test.ts', 'test/*/test/**/*.test.ts'],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Each file starts several processes; on two cores more files at once only measure the scheduler.
          maxWorkers: 2,
          // After the unit tests, not among them.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
