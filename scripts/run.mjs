// What `npm start`, `npm test` and `npm run check` do, on a machine that has Node.js and npm and nothing else.
import { fileURLToPath } from 'node:url';
import { runNode } from './child.mjs';
import { installDependencies } from './dependencies.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const say = (text) => process.stderr.write(`pagewire: ${text}\n`);

const biome = 'node_modules/@biomejs/biome/bin/biome';
const tsc = 'node_modules/typescript/bin/tsc';
const vitest = 'node_modules/vitest/vitest.mjs';
const pagewire = 'packages/cli/bin/pagewire.mjs';

// Biome colours its output whoever reads it.
const plain = process.stdout.isTTY !== true || process.env['NO_COLOR'] ? ['--colors=off'] : [];

const install = () => installDependencies(say);
const lint = stage('format and lint', () => runNode(biome, ['ci', ...plain, '.']));
const build = stage('types and build', () => runNode(tsc, ['-b'], { aside: true }));
const testTypes = stage('types of tests', () => runNode(tsc, ['-p', 'tsconfig.tests.json']));
const unit = stage('unit tests', (extra) => runNode(vitest, ['run', '--project', 'unit', ...extra]));

const tasks = {
  start: [install, build, (extra) => runNode(pagewire, ['demo', ...extra], { tied: true })],
  test: [install, build, stage('all tests', (extra) => runNode(vitest, ['run', ...extra]))],
  check: [install, lint, build, testTypes, unit],
  lint: [install, lint, build, testTypes],
  sim: [install, build, (extra) => runNode('test/sim/dist/main.js', extra)],
  history: [install, build, (extra) => runNode('packages/history/dist/check.js', extra)],
  litmus: [install, build, (extra) => runNode('test/litmus/dist/main.js', extra)],
  model: [install, build, (extra) => runNode('model/check.mjs', extra)],
  mutants: [install, build, (extra) => runNode('test/mutants/dist/main.js', extra)],
  torture: [install, build, (extra) => runNode('test/torture/dist/main.js', extra)],
};

const [name, ...extra] = process.argv.slice(2);
if (!Object.hasOwn(tasks, name ?? '')) {
  say(`"${name ?? ''}" is not a task: use one of ${Object.keys(tasks).join(', ')}`);
  process.exit(2);
}
for (const step of tasks[name]) {
  const code = await step(extra);
  if (code !== 0) process.exit(code);
}

/** A step that says when it starts and how it ended. */
function stage(title, work) {
  return async (extra) => {
    say(`${title} …`);
    const started = performance.now();
    const code = await work(extra);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(code === 0 ? `${title}: done in ${seconds} s` : `${title}: failed after ${seconds} s (exit code ${code})`);
    return code;
  };
}
