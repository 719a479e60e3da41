import type { LitmusTest, Operation, Thread } from './litmus-test.js';

/** A file of tests that cannot be used; the message says which test, which part of it, and what is expected there. */
export class TestFileError extends Error {
  override readonly name = 'TestFileError';
}

/** Threads of one test: each has a process of its own. */
export const maxThreads = 16;

const int32 = 'a whole number from -2147483648 to 2147483647';
const isInt32 = (value: unknown): value is number => typeof value === 'number' && (value | 0) === value;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const registerName = /^(\d+)\.r(\d+)$/;

/** What a value looks like in an error message. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Reads a file of tests; fields that it does not know are for others (`weak`, say). Throws {@link TestFileError}. */
export function parseTests(text: string): readonly LitmusTest[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new TestFileError(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(parsed) || parsed.length === 0) throw new TestFileError(`expected a list of tests, not ${show(parsed)}`);
  const tests = parsed.map((entry: unknown, index) => parseTest(entry, index));
  const names = new Set<string>();
  for (const { name } of tests) {
    if (names.has(name)) throw new TestFileError(`two tests are named "${name}"`);
    names.add(name);
  }
  return tests;
}

function parseTest(entry: unknown, index: number): LitmusTest {
  if (!isRecord(entry)) throw new TestFileError(`test ${index + 1}: expected an object, not ${show(entry)}`);
  const name = entry['name'];
  if (typeof name !== 'string' || name === '') throw new TestFileError(`test ${index + 1}: expected a name, not ${show(name)}`);
  const wrong = (what: string): never => {
    throw new TestFileError(`test "${name}": ${what}`);
  };
  const test: LitmusTest = {
    name,
    threads: parseThreads(entry['threads'], wrong),
    forbidden: parseForbidden(entry['forbidden'], wrong),
    pages: parsePages(entry['pages'], wrong),
    scOutcomes: parseCount(entry['sc_outcomes'], wrong),
  };
  checkNames(test, wrong);
  return test;
}

type Wrong = (what: string) => never;

function parseThreads(value: unknown, wrong: Wrong): readonly Thread[] {
  if (!Array.isArray(value) || value.length === 0) return wrong(`threads: expected a list of threads, not ${show(value)}`);
  if (value.length > maxThreads) return wrong(`threads: ${value.length} of them; at most ${maxThreads} can be run`);
  return value.map((thread: unknown, number) => {
    if (!Array.isArray(thread)) return wrong(`thread ${number}: expected a list of operations, not ${show(thread)}`);
    const crash = thread.findIndex((operation: unknown) => Array.isArray(operation) && operation[0] === 'CRASH');
    const operations = (crash === -1 ? thread : thread.slice(0, crash)).map((operation: unknown, at) =>
      parseOperation(operation, (what) => wrong(`thread ${number}, operation ${at}: ${what}, not ${show(operation)}`)),
    );
    if (crash !== -1 && thread[crash].length !== 1) return wrong(`thread ${number}, operation ${crash}: expected ["CRASH"]`);
    if (crash !== -1 && crash !== thread.length - 1) return wrong(`thread ${number}: operations after CRASH can never be done`);
    return { operations, crashes: crash !== -1 };
  });
}

function parseOperation(value: unknown, wrong: Wrong): Operation {
  if (!Array.isArray(value)) return wrong('expected an operation such as ["W", "x", 1]');
  const [kind, location, first, second] = value as readonly unknown[];
  const named = (form: string): string => {
    if (typeof location !== 'string' || location === '') return wrong(`expected ${form} with the name of a location`);
    return location;
  };
  const number = (operand: unknown, form: string): number =>
    isInt32(operand) ? operand : wrong(`expected ${form} where a value is ${int32}`);
  const sized = (length: number, form: string): string => (value.length === length ? form : wrong(`expected ${form}`));
  switch (kind) {
    case 'R':
      return { kind, location: named(sized(2, '["R", x]')) };
    case 'W':
    case 'XCHG':
    case 'ADD': {
      const form = sized(3, `["${kind}", x, v]`);
      return { kind, location: named(form), value: number(first, form) };
    }
    case 'CAS': {
      const form = sized(4, '["CAS", x, expected, v]');
      return { kind, location: named(form), expected: number(first, form), value: number(second, form) };
    }
    default:
      return wrong('expected W, R, XCHG, ADD, CAS or CRASH');
  }
}

function parseForbidden(value: unknown, wrong: Wrong): ReadonlyMap<string, number> {
  if (!isRecord(value) || Object.keys(value).length === 0) return wrong(`forbidden: expected {"0.r0": 0, "x": 1, …}, not ${show(value)}`);
  for (const [name, number] of Object.entries(value)) {
    if (!isInt32(number)) wrong(`forbidden: expected ${int32} for "${name}", not ${show(number)}`);
  }
  // Each value was just found to be a number.
  return new Map(Object.entries(value) as [string, number][]);
}

function parsePages(value: unknown, wrong: Wrong): ReadonlyMap<string, string> | undefined {
  if (value === undefined) return undefined;
  if (!isRecord(value)) return wrong(`pages: expected {"x": "A", …}, not ${show(value)}`);
  for (const [location, page] of Object.entries(value)) {
    if (typeof page !== 'string' || page === '') wrong(`pages: expected the name of a page for "${location}", not ${show(page)}`);
  }
  // Each value was just found to be a string.
  return new Map(Object.entries(value) as [string, string][]);
}

function parseCount(value: unknown, wrong: Wrong): number | undefined {
  if (value === undefined) return undefined;
  return Number.isSafeInteger(value) && Number(value) >= 1
    ? Number(value)
    : wrong(`sc_outcomes: expected a whole number above 0, not ${show(value)}`);
}

/** Names of locations and registers in `forbidden` and `pages` must be those of the threads. */
function checkNames({ threads, forbidden, pages }: LitmusTest, wrong: Wrong): void {
  const locations = new Set(threads.flatMap(({ operations }) => operations.map(({ location }) => location)));
  if (locations.size === 0) wrong('threads: no operation touches memory');
  for (const location of locations) {
    if (registerName.test(location)) wrong(`a location cannot be named "${location}": that is a register`);
  }
  for (const name of forbidden.keys()) {
    const [, thread, register] = registerName.exec(name) ?? [];
    if (thread === undefined) {
      if (!locations.has(name)) wrong(`forbidden: "${name}" is neither a register such as "0.r0" nor a location that a thread uses`);
      continue;
    }
    const filled = threads[Number(thread)]?.operations.filter(({ kind }) => kind !== 'W').length;
    if (filled === undefined) wrong(`forbidden: "${name}" is of a thread that does not exist; threads are counted from 0`);
    else if (Number(register) >= filled) wrong(`forbidden: "${name}" is never filled; thread ${thread} has ${filled} registers, from r0`);
  }
  for (const location of pages?.keys() ?? []) {
    if (!locations.has(location)) wrong(`pages: no thread uses "${location}"`);
  }
}
