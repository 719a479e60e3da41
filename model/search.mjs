import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endAll, execute } from './tools.mjs';
import { showTrail } from './words.mjs';

const modelDirectory = fileURLToPath(new URL('.', import.meta.url));
const modelFile = join(modelDirectory, 'pagewire.pml');

/**
 * Room of a link to or from the home: more messages than it ever carries at once. A link that is full all the same ends the search, which has
 * then shown nothing: see `full` in its result.
 */
const roomOfLink = ({ nodes }) => (nodes > 3 ? 10 : 6);
/** Steps that a run may have: far more than any of them does. */
const MOST_STEPS = 100_000;
/** A search with two bits for each state has no end that means something. */
const MOST_BITSTATE_MINUTES = 10;
const names = ['nodes', 'members', 'accesses', 'evictions', 'crashes', 'leaves', 'trims', 'pins', 'ticks'];

/**
 * How to search. `exhaustive`: every state, depth first, and each transition noted. `cycles`: every state, for a run that never ends.
 * `bitstate`: as many states as two bits each in a table can tell apart. `shortest`: breadth first.
 */
const searches = {
  exhaustive: { define: ['RECORD'], compile: ['-DSAFETY', '-DCOLLAPSE', '-DSEPQS'], run: ['-w24'] },
  plain: { define: [], compile: ['-DSAFETY', '-DCOLLAPSE', '-DSEPQS'], run: ['-w24'] },
  cycles: { define: [], compile: ['-DNP', '-DCOLLAPSE', '-DSEPQS'], run: ['-w24', '-l'] },
  bitstate: { define: [], compile: ['-DSAFETY', '-DBITSTATE'], run: ['-w33', '-k3', `-Q${MOST_BITSTATE_MINUTES}`] },
  shortest: { define: ['SHORTEST'], compile: ['-DSAFETY', '-DBFS', '-DCOLLAPSE', '-DSEPQS'], run: ['-w22'] },
};

const temporary = new Set();

/** Removes every file that a search has made, and ends what it runs. */
export function cleanUp() {
  endAll();
  for (const directory of temporary) rmSync(directory, { recursive: true, force: true });
  temporary.clear();
}

/** Searches the model within `bounds`. `bug` is planted in it, if it is named. */
export async function search(bounds, { how = 'exhaustive', bug, memoryMb = 4000 } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'pagewire-model-'));
  temporary.add(directory);
  try {
    const { define, compile, run } = searches[how];
    const defines = [
      `-DLINK=${roomOfLink(bounds)}`,
      ...names.map((name) => `-D${name.toUpperCase()}=${bounds[name]}`),
      ...define.map((name) => `-D${name}`),
      ...(bug === undefined ? [] : [`-DBUG_${bug}`]),
    ];
    await must('spin', [...defines, '-a', modelFile], directory);
    const options = [
      // A short search is over before a better compiler pass has paid.
      bounds.quick === false ? '-O2' : '-O1',
      '-w',
      `-I${modelDirectory}`,
      '-DNOREDUCE',
      '-DVECTORSZ=2048',
      `-DMEMLIM=${memoryMb}`,
      ...compile,
    ];
    await must('gcc', [...options, '-o', 'pan', 'pan.c'], directory);
    const started = performance.now();
    const ended = await execute(join(directory, 'pan'), [`-m${MOST_STEPS}`, ...(how === 'cycles' ? [] : ['-q']), ...run], directory);
    const result = { ...readReport(ended), seconds: (performance.now() - started) / 1000 };
    if (result.error !== undefined || result.full) result.trail = await replay(defines, directory);
    return result;
  } finally {
    rmSync(directory, { recursive: true, force: true });
    temporary.delete(directory);
  }
}

async function must(program, args, directory) {
  const { code, signal, stdout, stderr } = await execute(program, args, directory);
  if (code !== 0 || /error:/i.test(stdout)) {
    throw new Error(`${program} ended with ${signal ?? `exit code ${code}`} on the model:\n${`${stdout}${stderr}`.trim().slice(0, 2000)}`);
  }
}

function readReport({ code, signal, stdout, stderr }) {
  const number = (pattern) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
  const error = /^pan:\d*:? ?(.*(?:violated|invalid end state|non-progress cycle|acceptance cycle).*)$/m.exec(stdout)?.[1]?.trim();
  const full = /^pan:\d*: ?block in d_step/m.test(stdout);
  const cut =
    full || /max search depth too small|reached -DMEMLIM|out of memory|search was not completed|aborting/im.test(`${stdout}\n${stderr}`);
  const states = number(/^\s*([\d.e+]+) states, stored/m);
  if (error === undefined && Number.isNaN(states)) {
    throw new Error(`the search ended with ${signal ?? `exit code ${code}`} and no report:\n${`${stdout}${stderr}`.trim().slice(-1000)}`);
  }
  return {
    error,
    full,
    complete: error === undefined && !cut && /errors: 0/.test(stdout) && code === 0,
    states,
    transitions: number(/^\s*([\d.e+]+) transitions/m),
    depth: number(/depth reached (\d+)/),
    memoryMb: number(/^\s*([\d.]+)\s+total actual memory usage/m),
    hashFactor: number(/hash factor: ([\d.]+)/),
    noted: stdout.split('\n').filter((line) => line.startsWith('noted ')),
  };
}

/** The steps that led to an error, for people; the last is the one that went wrong. */
async function replay(defines, directory) {
  const { code, stdout } = await execute('sh', ['-c', 'ls *.trail'], directory);
  const [file] = stdout.split('\n');
  if (code !== 0 || file === undefined || defines.includes('-DRECORD')) return undefined;
  const { stdout: steps } = await execute('spin', ['-t', '-k', file, ...defines, modelFile], directory);
  return showTrail(steps);
}
