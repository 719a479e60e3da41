import { type History, historyOf, type Operation } from '../src/index.js';

/** Locations by the letters that lines use. x and y share a page, z has its own. */
const locations = [
  { region: 'r', offset: 0, bytes: 4, page: 0, initial: 0 },
  { region: 'r', offset: 4, bytes: 4, page: 0, initial: 0 },
  { region: 'r', offset: 4096, bytes: 4, page: 1, initial: 0 },
] as const;
const letters = ['x', 'y', 'z'];

/**
 * A history from lines like `a 10-20 write x 5 @n1v2s3`: process, times, kind, location, then argument and → result as the kind has them, and the
 * witness. `10-?`: never completed. `failed` or `undone` at the end is its fate (undone: completed, but never confirmed). Processes whose names end with ' share
 * no clock with the others.
 */
export function written(...lines: readonly string[]): History {
  const names: string[] = [];
  const operations = lines.map((line) => {
    const [name = '', times = '', kind = '', letter = '', ...rest] = line.split(/\s+/);
    if (!names.includes(name)) names.push(name);
    return operationOf({ process: names.indexOf(name), times, kind, location: letters.indexOf(letter), rest });
  });
  return historyOf({
    processes: names.map((name, index) => ({ name, clock: name.endsWith("'") ? index + 1 : 0 })),
    locations,
    operations,
  });
}

function operationOf(parts: {
  readonly process: number;
  readonly times: string;
  readonly kind: string;
  readonly location: number;
  readonly rest: readonly string[];
}): Operation {
  const { process, kind, location, rest } = parts;
  const [invoked = 0, completed] = parts.times.split('-').map(Number);
  const values = rest.filter((word) => /^-?\d+$/.test(word)).map(Number);
  const stamp = rest.map((word) => /^@n(\d+)v(\d+)s(\d+)$/.exec(word)).find((match) => match !== null);
  const arrow = rest.indexOf('→');
  const result = arrow >= 0 ? Number(rest[arrow + 1]) : undefined;
  const [argument, replacement] = arrow >= 0 ? values.slice(0, -1) : values;
  const ended = Number.isNaN(completed) ? undefined : completed;
  return {
    process,
    // The lines of the tests name kinds that there are.
    kind: kind as Operation['kind'],
    location,
    ...(argument !== undefined && { argument }),
    ...(replacement !== undefined && { replacement }),
    ...(result !== undefined && { result }),
    invoked,
    ...(ended !== undefined && { completed: ended }),
    outcome: rest.includes('failed') ? 'failed' : rest.includes('undone') || ended === undefined ? 'unknown' : 'ok',
    ...(stamp && { witness: { incarnation: Number(stamp[1]), version: Number(stamp[2]), serial: Number(stamp[3]) } }),
  };
}
