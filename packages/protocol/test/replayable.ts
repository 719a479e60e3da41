import type fc from 'fast-check';
import { fuzzed } from '../../../test/fuzz/fuzzing.js';

/** Settings of a property in `file`: a failure prints the command that runs exactly the failing case again. */
export const replayable = <T>(file: string, runs: number): fc.Parameters<T> => fuzzed({ file: `packages/protocol/test/${file}`, runs });
