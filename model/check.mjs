// Checks the model of the coherence protocol with spin: see README.md.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bugs } from './bugs.mjs';
import { cleanUp, search } from './search.mjs';
import { ensureTools, spinVersion } from './tools.mjs';
import { NotedTransitions } from './transitions.mjs';

const configurations = JSON.parse(readFileSync(new URL('configurations.json', import.meta.url), 'utf8'));

const usage = `pnpm model [--quick] [--nodes 2|3|4] [--config NAME]… [--memory MB] [--json]   search configurations (all, without a choice)
pnpm model --quick --write      also writes transitions.txt and schedules.txt, which the tests hold the real machines against
pnpm model --bugs [--json]      plants bugs in the model: each must be found
pnpm model --bug NAME           shows the shortest run that a planted bug breaks
configurations: ${configurations.map(({ name }) => name).join(' ')}`;

const say = (text) => process.stderr.write(`pagewire: ${text}\n`);

function fail(message) {
  say(`${message}\n${usage}`);
  process.exit(2);
}

function parseCommandLine() {
  const boolean = { type: 'boolean', default: false };
  const options = {
    quick: boolean,
    nodes: { type: 'string' },
    config: { type: 'string', multiple: true, default: [] },
    memory: { type: 'string', default: '5000' },
    write: boolean,
    bugs: boolean,
    bug: { type: 'string' },
    json: boolean,
    help: boolean,
  };
  let values;
  try {
    ({ values } = parseArgs({ args: process.argv.slice(2).filter((arg) => arg !== '--'), options }));
  } catch (error) {
    fail(error.message);
  }
  if (values.nodes !== undefined && !['2', '3', '4'].includes(values.nodes)) fail(`--nodes takes 2, 3 or 4, not "${values.nodes}"`);
  if (!/^[1-9]\d{2,5}$/.test(values.memory)) fail(`--memory takes a number of megabytes, 100 or more, not "${values.memory}"`);
  for (const name of values.config) if (!configurations.some((one) => one.name === name)) fail(`no configuration is named "${name}"`);
  if (values.bug !== undefined && !bugs.some(({ name }) => name === values.bug)) {
    fail(`no bug is named "${values.bug}": use one of ${bugs.map(({ name }) => name).join(' ')}`);
  }
  if (values.write && (!values.quick || values.nodes !== undefined || values.config.length > 0))
    fail('--write goes with --quick and with nothing else');
  return values;
}

const wanted = (options) =>
  configurations.filter(
    ({ name, quick, nodes }) =>
      (!options.quick || quick) &&
      (options.nodes === undefined || nodes === Number(options.nodes)) &&
      (options.config.length === 0 || options.config.includes(name)),
  );

const count = (number, one, many = `${one}s`) => (number === 0 ? [] : [`${number} ${number === 1 ? one : many}`]);

/** What a configuration allows, in a few words. */
const allows = (c) =>
  [
    ...count(c.accesses, 'access', 'accesses'),
    ...count(c.evictions, 'eviction'),
    ...count(c.crashes, 'crash', 'crashes'),
    ...count(c.nodes - c.members, 'join'),
    ...count(c.leaves, 'leave'),
    ...count(c.trims, 'trim'),
    ...count(c.pins, 'pin'),
    ...count(c.ticks, 'timeout'),
  ].join(', ');

const verdict = ({ error, full, complete }, how) => {
  if (error !== undefined) return 'BROKEN';
  if (full) return 'LINK FULL';
  if (how === 'bitstate') return 'nothing found';
  return complete ? 'holds' : 'NOT COMPLETE';
};

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const seconds = (value) => `${value.toFixed(1)} s`;

/** Searches breadth first for the shortest run; where memory does not do for that, the run that was found first is shown. */
async function explain(bounds, options, found) {
  if (found?.trail !== undefined) process.stderr.write(`a run that breaks it:\n${showRun(found)}looking for the shortest\n`);
  const shortest = await search(bounds, { ...options, how: 'shortest' });
  if (shortest.error !== undefined) return shortest;
  return found?.trail === undefined ? search(bounds, { ...options, how: 'plain' }) : found;
}

const showRun = ({ error, trail = [] }) =>
  `${trail.map((step, index) => `${String(index + 1).padStart(3)}. ${step}`).join('\n')}\n     ${error ?? 'no room'}\n`;

async function checkConfigurations(options) {
  const noted = new NotedTransitions();
  const results = [];
  const memoryMb = Number(options.memory);
  for (const configuration of wanted(options)) {
    const how = configuration.search ?? 'exhaustive';
    say(`${configuration.name}: ${configuration.nodes} nodes; ${allows(configuration)} (${how})`);
    const { noted: lines, ...result } = await search(configuration, { how, memoryMb });
    say(`${configuration.name}: ${result.states.toLocaleString('en')} states in ${seconds(result.seconds)}: ${verdict(result, how)}`);
    noted.add(lines, configuration);
    results.push({ name: configuration.name, search: how, ...configuration, ...result, verdict: verdict(result, how) });
    if (result.full)
      say(`${configuration.name}: a link is full, which is a limit of the model: raise its room in model/search.mjs\n${showRun(result)}`);
    if (result.error !== undefined) process.stderr.write(`${showRun(await explain(configuration, { memoryMb }, result))}\n`);
  }
  const ok = results.every(({ error, full, complete, search: how }) => error === undefined && (complete || (how === 'bitstate' && !full)));
  const all = options.quick && options.nodes === undefined && options.config.length === 0;
  if (all && ok && options.write) noted.write();
  const transitions = all && ok ? { total: noted.names().length, ...noted.compare() } : undefined;
  reportConfigurations(results, transitions, options);
  return ok && (transitions === undefined || transitions.missing.length + transitions.superfluous.length === 0);
}

function reportConfigurations(results, transitions, options) {
  const head = ['configuration', 'search', 'nodes', 'allows', 'states', 'transitions', 'depth', 'memory', 'time', 'result'];
  const rows = results.map((result) => [
    result.name,
    result.search,
    `${result.nodes}`,
    allows(result),
    result.states.toLocaleString('en'),
    result.transitions.toLocaleString('en'),
    `${result.depth}`,
    `${Math.round(result.memoryMb)} MB`,
    seconds(result.seconds),
    result.verdict,
  ]);
  const text = `${table([head, ...rows])}\n${transitions === undefined ? '' : showComparison(transitions)}`;
  if (!options.json) return process.stdout.write(text);
  process.stderr.write(text);
  return process.stdout.write(`${JSON.stringify({ skipped: false, spin: spinVersion(), configurations: results, transitions })}\n`);
}

function showComparison({ total, missing, superfluous }) {
  if (missing.length + superfluous.length === 0) return `${total} different transitions, which are those in model/transitions.txt\n`;
  return [
    'model/transitions.txt is out of date: write it with `pnpm model --quick --write`, and look at what has changed',
    ...missing.map((name) => `  + ${name}`),
    ...superfluous.map((name) => `  - ${name}`),
    '',
  ].join('\n');
}

async function checkBugs(options) {
  const results = [];
  for (const { name, in: where, what, bounds } of bugs) {
    const { error, states, seconds: time } = await search(bounds, { how: 'plain', bug: name, memoryMb: Number(options.memory) });
    results.push({ name, in: where, what, found: error !== undefined, states, seconds: time });
  }
  const rows = results.map((one) => [one.name, one.in, one.what, one.found ? 'found' : 'NOT FOUND', seconds(one.seconds)]);
  const text = `${table([['bug', 'in', 'what is wrong', 'result', 'time'], ...rows])}\n`;
  if (options.json) process.stdout.write(`${JSON.stringify({ skipped: false, spin: spinVersion(), bugs: results })}\n`);
  (options.json ? process.stderr : process.stdout).write(text);
  return results.every(({ found }) => found);
}

async function showBug(options) {
  const { what, bounds, name } = bugs.find((bug) => bug.name === options.bug);
  const run = await explain(bounds, { bug: name, memoryMb: Number(options.memory) });
  process.stdout.write(run.error === undefined ? `${name} was not found: ${what}\n` : `${name}: ${what}\n${showRun(run)}`);
  return run.error !== undefined;
}

function skipped(reason, options) {
  say(`the model was not checked: ${reason}`);
  if (options.json) process.stdout.write(`${JSON.stringify({ skipped: true, reason })}\n`);
}

async function main() {
  const options = parseCommandLine();
  if (options.help) {
    process.stdout.write(`${usage}\n`);
    return true;
  }
  const reason = ensureTools(say);
  if (reason !== undefined) {
    skipped(reason, options);
    return true;
  }
  if (options.bug !== undefined) return showBug(options);
  return options.bugs ? checkBugs(options) : checkConfigurations(options);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.once(signal, () => {
    cleanUp();
    process.exit(code);
  });
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  say(error.message);
  process.exitCode = 1;
} finally {
  cleanUp();
}
