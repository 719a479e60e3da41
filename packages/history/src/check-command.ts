import { parseArgs } from 'node:util';
import { PagewireError } from '@pagewire/protocol';
import { checkHistory } from './checker/check-history.js';
import { explain, type Verdict } from './checker/verdict.js';
import { readHistory } from './file.js';
import type { History } from './history.js';
import { mergeHistories } from './merge.js';

const usage = `Usage: check FILE... [--json]

Checks the history in FILE, or several recorded at the same time of the same memory, for linearizability of each location and sequential
consistency. Ends with 0 when it is consistent, 1 when it is not, 2 when it cannot be checked.
`;

/** Why there is nothing to check. */
class Refusal extends Error {}

async function load(path: string): Promise<History> {
  let parsed: Awaited<ReturnType<typeof readHistory>>;
  try {
    parsed = await readHistory(path);
  } catch (error) {
    throw new Refusal(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!parsed.ok) throw new Refusal(`${path} is not a history: ${parsed.reason}`);
  return parsed.history;
}

function argumentsOf(args: readonly string[]): { readonly files: readonly string[]; readonly json: boolean; readonly help: boolean } {
  try {
    const options = { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const;
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    if (positionals.length === 0 && !values.help) throw new Refusal('name the file of a history (see --help)');
    return { files: positionals, json: values.json, help: values.help };
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(`${error instanceof Error ? error.message : String(error)} (see --help)`);
  }
}

/** The text without its control characters: names of processes and regions come from a file. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const printable = (text: string): string => text.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '?');

async function verdictOn(files: readonly string[]): Promise<Verdict> {
  const histories: History[] = [];
  for (const file of files) histories.push(await load(file));
  try {
    return checkHistory(mergeHistories(histories));
  } catch (error) {
    if (error instanceof PagewireError) throw new Refusal(error.message);
    throw error;
  }
}

/** Where a command writes. */
export interface CheckOutput {
  out(text: string): void;
  error(text: string): void;
}

/** Runs the command with its arguments, and answers its exit code. */
export async function runCheck(args: readonly string[], output: CheckOutput): Promise<number> {
  try {
    const { files, json, help } = argumentsOf(args);
    if (help) {
      output.out(usage);
      return 0;
    }
    const started = performance.now();
    const verdict = await verdictOn(files);
    const milliseconds = Math.round(performance.now() - started);
    output.out(json ? `${JSON.stringify({ ...verdict, milliseconds })}\n` : `${printable(explain(verdict))}\n`);
    return verdict.outcome === 'consistent' ? 0 : verdict.outcome === 'inconsistent' ? 1 : 2;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    output.error(`history: ${printable(error.message)}\n`);
    return 2;
  }
}
