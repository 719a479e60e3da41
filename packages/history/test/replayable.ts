import fc from 'fast-check';

/** Settings of a property in `file`: a failure prints the command that runs exactly the failing case again. */
export function replayable<T>(file: string, numRuns: number): fc.Parameters<T> {
  const seed = process.env['FC_SEED'];
  const path = process.env['FC_PATH'];
  return {
    numRuns,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
    reporter(run) {
      if (!run.failed) return;
      const replay = `FC_SEED=${run.seed} FC_PATH=${run.counterexamplePath} npx vitest run --project unit packages/history/test/${file}`;
      throw new Error(`${fc.defaultReportMessage(run)}\n\nReplay: ${replay}`);
    },
  };
}
