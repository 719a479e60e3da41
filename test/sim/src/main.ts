import { parseCommandLine, type SimulateCommand, usage } from './command-line.js';
import type { Outcome } from './layer.js';
import { type LayerName, layerOf } from './layers.js';
import { playSeeds, type Tally } from './play-seeds.js';
import { complement, type Shrunk, shrink } from './shrink.js';

interface LayerResult {
  readonly layer: LayerName;
  readonly tally: Tally;
  readonly seconds: number;
  readonly shrunk: Shrunk | undefined;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const tracedLines = 80;

async function main(): Promise<number> {
  let command: SimulateCommand | 'help';
  try {
    command = parseCommandLine(process.argv.slice(2));
  } catch (error) {
    say(`sim: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (command === 'help') {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  return command.seed === undefined ? playMany(command) : playOne(command, command.seed);
}

/** Plays one seed and prints what happened. */
async function playOne({ layers, trace, only, json }: SimulateCommand, seed: number): Promise<number> {
  const outcomes: (Outcome & { readonly layer: LayerName })[] = [];
  for (const name of layers) {
    const layer = await layerOf(name);
    const beyond = only?.find((part) => part >= layer.parts(seed));
    if (beyond !== undefined) {
      say(`sim: seed ${seed} of ${name} has ${layer.parts(seed)} parts, numbered from 0; there is no part ${beyond}`);
      return 2;
    }
    const without = only === undefined ? new Set<number>() : complement(only, layer.parts(seed));
    const outcome = await layer.play(seed, { trace, without });
    outcomes.push({ ...outcome, layer: name });
    if (json) continue;
    if (trace) process.stdout.write(`${outcome.trace.join('\n')}\n`);
    say(`${name}, seed ${seed}: ${outcome.failure?.what ?? 'nothing broken'} (${outcome.events} events)`);
  }
  if (json) process.stdout.write(`${JSON.stringify({ ok: outcomes.every(isGood), outcomes })}\n`);
  return outcomes.every(isGood) ? 0 : 1;
}

const isGood = ({ failure }: Outcome): boolean => failure === undefined;

async function playMany(command: SimulateCommand): Promise<number> {
  const results: LayerResult[] = [];
  for (const layer of command.layers) results.push(await playLayer(layer, command));
  if (command.json) process.stdout.write(`${JSON.stringify(asJson(results))}\n`);
  return results.every(({ tally }) => tally.failed.length === 0) ? 0 : 1;
}

async function playLayer(layer: LayerName, { firstSeed, seeds, jobs, goOn }: SimulateCommand): Promise<LayerResult> {
  const started = performance.now();
  const clear = process.stderr.isTTY ? '\r\u001b[K' : '';
  let shownAt = started;
  const progress = (tally: Tally): void => {
    const now = performance.now();
    if (clear === '' || now - shownAt < 200) return;
    shownAt = now;
    process.stderr.write(`${clear}${layer}: ${tally.seeds} of ${seeds} seeds, ${tally.events.toLocaleString('en')} events`);
  };
  const tally = await playSeeds({ layer, firstSeed, seeds }, { jobs, goOn, progress });
  const seconds = (performance.now() - started) / 1000;
  process.stderr.write(clear);
  const rate = (count: number): string => Math.round(count / seconds).toLocaleString('en');
  say(
    `${layer}: ${tally.seeds} seeds from ${firstSeed}, ${tally.events.toLocaleString('en')} events in ${seconds.toFixed(1)} s ` +
      `(${rate(tally.seeds)} seeds/s, ${rate(tally.events)} events/s), ${tally.failed.length} failed`,
  );
  if (tally.failed.length === 0) say(`  ${showCounts(tally.counts)}`);
  for (const { seed, failure } of tally.failed) say(`  seed ${seed}: ${failure?.what}`);
  const shrunk = await shrinkFirst(layer, tally);
  return { layer, tally, seconds, shrunk };
}

/** Shrinks the first failing seed, and prints how it ends and how to see all of it. */
async function shrinkFirst(name: LayerName, { failed }: Tally): Promise<Shrunk | undefined> {
  const [first] = failed;
  if (first?.failure === undefined) return undefined;
  const { seed } = first;
  say(`shrinking seed ${seed} …`);
  const layer = await layerOf(name);
  const shrunk = await shrink(layer, seed, first.failure);
  const { trace } = await layer.play(seed, { trace: true, without: complement(shrunk.kept, shrunk.parts) });
  say(`seed ${seed} needs ${shrunk.kept.length} of ${shrunk.parts} parts: ${shrunk.failure.what}`);
  say(trace.slice(-tracedLines).join('\n'));
  say(`replay it whole:  pnpm sim --layer ${name} --seed ${seed} --trace`);
  say(`replay it shrunk: pnpm sim --layer ${name} --seed ${seed} --trace --only ${shrunk.kept.join(',')}`);
  return shrunk;
}

const showCounts = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `${what} ${count.toLocaleString('en')}`)
    .join(', ');

function asJson(results: readonly LayerResult[]): unknown {
  return {
    ok: results.every(({ tally }) => tally.failed.length === 0),
    layers: results.map(({ layer, tally, seconds, shrunk }) => ({
      layer,
      seeds: tally.seeds,
      events: tally.events,
      seconds,
      counts: tally.counts,
      failed: tally.failed.map(({ seed, failure }) => ({ seed, ...failure })),
      ...(shrunk === undefined ? {} : { shrunk }),
    })),
  };
}

// Whoever reads the output has seen enough.
process.stdout.on('error', () => process.exit(0));
process.exitCode = await main();
