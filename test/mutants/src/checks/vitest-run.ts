// Runs test files with vitest and says the verdict to its parent. argv: a VitestOrder.
import { fileURLToPath } from 'node:url';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { startVitest } from 'vitest/node';
import { repository } from '../patch.js';
import { conclude, oneLine, tieToParent } from './child-verdict.js';
import { judgeTests, type TestRun } from './vitest-verdict.js';

export interface VitestOrder {
  readonly files: readonly string[];
  /** See {@link TestRun.needsAll}. */
  readonly needsAll: boolean;
}

type RunError = Parameters<NonNullable<Reporter['onTestRunEnd']>>[1][number];

tieToParent();
const [, , text = '{}'] = process.argv;
// The parent sends what `all-checks.ts` made.
const { files, needsAll } = JSON.parse(text) as VitestOrder;

let modules: readonly TestModule[] = [];
let unhandled: readonly RunError[] = [];
const reporter: Reporter = {
  onTestRunEnd(ended, errors) {
    modules = ended;
    unhandled = errors;
  },
};

const root = fileURLToPath(repository);
const vitest: Vitest = await startVitest('test', [...files], {
  config: fileURLToPath(new URL('test/mutants/vitest.config.ts', repository)),
  root,
  watch: false,
  bail: 1,
  reporters: [reporter],
});
await vitest.close();
conclude(
  judgeTests({
    files,
    tests: modules.flatMap((module) => [...module.children.allTests()].map(testOf)),
    unloaded: modules.flatMap((module) => module.errors().map(({ message }) => `${module.relativeModuleId}: ${message}`)),
    unhandled,
    needsAll,
  }),
);

function testOf(test: TestCase): TestRun['tests'][number] {
  const { state, errors } = test.result();
  const file = test.module.relativeModuleId.split('/').at(-1)?.replace('.test.ts', '');
  const [error] = errors ?? [];
  const name = `${file}: ${oneLine(test.fullName.replaceAll(' > ', ', '), 240)}`;
  return error === undefined ? { name, state } : { name, state, error };
}
