import type { LayerName } from './mutant.js';
import { layerNames } from './mutant.js';
import type { MutantResult, Trial } from './trial.js';

/** Columns of text, each as wide as its longest cell; the last as long as it likes. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

const marks = { passed: '-', failed: 'X', skipped: 'skipped', broken: 'broken' } as const;

const secondsOf = (trials: readonly Trial[]): string => trials.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(1);

/** By whom, or why not. */
function finding({ outcome, trials }: MutantResult): string {
  for (const { layer, verdict } of trials) {
    if (verdict.kind === 'broken') return `${layer}: ${verdict.why}`;
    if (verdict.kind === 'failed' && outcome === 'killed') return `${layer}: ${verdict.by}`;
  }
  for (const { verdict } of trials) if (verdict.kind === 'skipped' && outcome === 'skipped') return verdict.why;
  return `not found by ${trials.map(({ layer }) => layer).join(', ') || 'any layer'}`;
}

/** One line for a run of a layer. */
export function trialLine({ layer, verdict, seconds }: Trial): string {
  const time = `${seconds.toFixed(1)} s`;
  switch (verdict.kind) {
    case 'passed':
      return `${layer} passes (${time})`;
    case 'failed':
      return `${layer} fails (${time}): ${verdict.by}${verdict.error === undefined ? '' : ` (${verdict.error})`}`;
    case 'skipped':
      return `${layer} passes as far as it can run here (${time}): ${verdict.why}`;
    default:
      return `${layer} is broken (${time}): ${verdict.why}`;
  }
}

/** What the layers made of the sources as they are: each run of a layer that found a mutant, or did not, was done on those too. */
export function baselineSummary(trials: readonly Trial[]): string {
  const unfit = trials.filter(({ verdict }) => verdict.kind === 'failed' || verdict.kind === 'broken');
  if (unfit.length > 0) return `${unfit.map(trialLine).join('; ')}: what fails without a bug says nothing about bugs, so mend that first`;
  const layers = [...new Set(trials.map(({ layer }) => layer))];
  const runs = layers.map((name) => {
    const own = trials.filter(({ layer }) => layer === name);
    return `${name} ${own.length === 1 ? 'passes' : `passes ${own.length} runs`} (${secondsOf(own)} s)`;
  });
  return runs.join(', ');
}

/** One line for a mutant that is done with: what found it, or what each layer that was run says. */
export function progressLine(result: MutantResult, everyLayer: boolean): string {
  const { mutant, outcome, trials } = result;
  const found = everyLayer ? trials.map(({ layer, verdict }) => `${layer} ${marks[verdict.kind]}`).join(', ') : finding(result);
  return `${outcome} ${mutant.name} (${secondsOf(trials)} s) ${found}`;
}

/** What every mutant came to, for people. */
export function resultTable(results: readonly MutantResult[]): string {
  const rows = results.flatMap(({ mutant, ...rest }) => {
    const result = { mutant, ...rest };
    return [
      [mutant.name, result.outcome, secondsOf(result.trials), mutant.breaks],
      ['', '', '', `↳ ${finding(result)}`],
    ];
  });
  return columns([['mutant', '', 'seconds', 'what it breaks, and what finds it'], ...rows]);
}

/** Which layers find which mutant. */
export function layerMatrix(results: readonly MutantResult[], layers: readonly LayerName[]): string {
  const inUse = layerNames.filter((name) => layers.includes(name));
  const rows = results.map(({ mutant, trials }) => {
    const cells = inUse.map((name) => {
      const trial = trials.find(({ layer }) => layer === name);
      return trial === undefined ? '' : `${marks[trial.verdict.kind]} ${trial.seconds.toFixed(1)}`;
    });
    return [mutant.name, ...cells];
  });
  return columns([['mutant', ...inUse], ...rows]);
}

/** The last line: how many were found, and what became of the others. */
export function summary(results: readonly MutantResult[]): string {
  const named = (outcome: MutantResult['outcome']): string[] =>
    results.filter((one) => one.outcome === outcome).map(({ mutant }) => mutant.name);
  const skipped = named('skipped');
  const parts = [`${named('killed').length} of ${results.length - skipped.length} killed`];
  if (named('survived').length > 0) parts.push(`survived: ${named('survived').join(', ')}`);
  if (named('broken').length > 0) parts.push(`broken: ${named('broken').join(', ')}`);
  if (skipped.length > 0) parts.push(`${skipped.length} skipped: ${skipped.join(', ')}`);
  return parts.join('; ');
}
