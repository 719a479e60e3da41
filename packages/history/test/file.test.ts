import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCheck } from '../src/check-command.js';
import { formatHistory, HistoryParser, type ParsedHistory, readHistory, writeHistory } from '../src/file.js';
import { type History, mergeHistories, operationsOf } from '../src/index.js';
import { referenceHistory } from './reference-memory.js';
import { replayable } from './replayable.js';
import { written } from './written-history.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pagewire-history-'));
});
afterAll(() => rm(folder, { recursive: true }));

const shape = { seed: 7, processes: 4, operations: 3000, nodes: 3, locations: 6, perPage: 2 };

function parsed(lines: Iterable<string>): ParsedHistory {
  const parser = new HistoryParser();
  for (const line of lines) parser.take(line);
  return parser.end();
}

const flawOf = (result: ParsedHistory): string => (result.ok ? 'none' : result.reason);

/** A history as plain data. */
const plain = (history: History) => ({ ...history, operations: operationsOf(history) });
const read = async (path: string) => {
  const result = await readHistory(path);
  return result.ok ? plain(result.history) : result;
};

describe('a file', () => {
  it('gives the history back that was written', async () => {
    const history = referenceHistory(shape);
    const path = join(folder, 'whole.jsonl');
    await writeHistory(path, history);
    expect(await read(path)).toEqual(plain(history));
  });

  it('keeps what is in doubt, what failed, and values of 64 bits', () => {
    const history = written('a 1-? add x 1', 'b 1-2 write x 1 @n1v1s1 undone', 'c 1-2 write y 5 failed', 'd 3-4 read x → 1 @n1v1s2');
    const wide = {
      ...history,
      locations: history.locations.map((location, index) => ({ ...location, bytes: 8, offset: index * 8, initial: 2n ** 62n })),
    };
    const result = parsed(formatHistory(wide));
    expect(result.ok && plain(result.history)).toEqual(plain(wide));
  });

  it('that cannot be written or read rejects as the file system does', async () => {
    await expect(writeHistory(join(folder, 'missing', 'x.jsonl'), referenceHistory(shape))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readHistory(join(folder, 'missing.jsonl'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('lines that are no history', () => {
  const [header = '', processes = '', locations = '', operation = ''] = [...formatHistory(written('a 1-2 write x 1 @n1v1s1'))];

  it.each<readonly [string, readonly string[], string]>([
    ['nothing', [], 'ends before'],
    ['no JSON', ['hello'], 'line 1: expected {"format"'],
    ['another version', [header.replace('"version":1', '"version":9')], 'line 1: it is of another version'],
    ['no processes', [header, '{}'], 'line 2: expected a list of processes'],
    ['a process without a clock', [header, '[{"name":"a"}]'], 'line 2'],
    ['no locations', [header, processes], 'ends before'],
    ['a location of no bytes', [header, processes, locations.replace('"bytes":4', '"bytes":0')], 'line 3'],
    ['an operation that is no array', [header, processes, locations, '7'], 'line 4: expected an array of 12 values'],
    [
      'an operation of nobody',
      [header, processes, locations, operation.replace('[0,', '[5,')],
      'line 4: expected a process and a location',
    ],
    [
      'an operation of no kind',
      [header, processes, locations, operation.replace('write', 'toString')],
      'line 4: expected one of read, write',
    ],
    [
      'a value that is no integer',
      [header, processes, locations, operation.replace('"write",0,1', '"write",0,1.5')],
      'line 4: expected values',
    ],
    [
      'a write of nothing',
      [header, processes, locations, operation.replace('"write",0,1', '"write",0,null')],
      'line 4: a write needs an argument',
    ],
    ['half a witness', [header, processes, locations, operation.replace('1,1,1]', '1,null,1]')], 'line 4: expected incarnation'],
    ['an outcome that there is not', [header, processes, locations, operation.replace('"ok"', '"fine"')], 'line 4: expected an outcome'],
  ])('%s: the first flaw is named with its line', (_what, lines, flaw) => {
    expect(flawOf(parsed(lines))).toContain(flaw);
  });

  it('are refused and never thrown at anybody, whatever they are', () => {
    const line = fc.oneof(fc.string(), fc.json(), fc.constantFrom(header, processes, locations, operation));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        expect(() => parsed(lines)).not.toThrow();
      }),
      replayable('file.test.ts', 500),
    );
  });
});

describe('histories of one memory', () => {
  it('become one: processes are added up, locations are found again', () => {
    const [a, b] = [written('a 1-2 write z 1 @n1v1s1'), written('b 3-4 read x → 0 @n2v0s1', 'c 5-6 read z → 1 @n2v1s2')];
    const merged = mergeHistories([a, b]);
    expect(merged.processes.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(merged.locations).toHaveLength(3);
    expect(operationsOf(merged).map(({ process, location }) => [process, location])).toEqual([
      [0, 2],
      [1, 0],
      [2, 2],
    ]);
  });

  it('that do not agree on the page of a location are not merged', () => {
    const history = written('a 1-2 write x 1 @n1v1s1');
    const other = { ...history, locations: history.locations.map((location) => ({ ...location, page: 9 })) };
    expect(() => mergeHistories([history, other])).toThrow('not of one memory');
  });
});

describe('the command', () => {
  async function run(...args: readonly string[]) {
    const said = { out: '', error: '' };
    const code = await runCheck(args, {
      out: (text) => {
        said.out += text;
      },
      error: (text) => {
        said.error += text;
      },
    });
    return { code, ...said };
  }

  async function saved(name: string, history: History): Promise<string> {
    const path = join(folder, name);
    await writeHistory(path, history);
    return path;
  }

  it('ends with 0 when a history is consistent, and says of how much', async () => {
    const { code, out } = await run(await saved('right.jsonl', referenceHistory(shape)));
    expect(out).toContain(
      'linearizable for each location and sequentially consistent: 3000 of 3000 operations of 4 processes on 6 locations',
    );
    expect(code).toBe(0);
  });

  it('ends with 1 when it is not, and with one JSON object where that is asked for', async () => {
    const path = await saved('wrong.jsonl', written('a 1-2 write x 1 @n1v1s1', 'b 3-4 read x → 0 @n2v0s1'));
    const text = await run(path);
    expect(text).toMatchObject({ code: 1, error: '' });
    expect(text.out).toContain('is not linearizable');
    const json = await run(path, '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      outcome: 'inconsistent',
      violation: { rule: 'real-time' },
      milliseconds: expect.any(Number),
    });
  });

  it('finds a wrong value that was edited into a file', async () => {
    const path = await saved('edited.jsonl', referenceHistory(shape));
    const lines = (await readFile(path, 'utf8')).split('\n');
    const at = lines.findLastIndex((line) => line.includes('"read"'));
    await writeFile(path, lines.with(at, (lines[at] ?? '').replace(/(null,null,)-?\d+/, '$1987654')).join('\n'));
    expect(await run(path)).toMatchObject({ code: 1, out: expect.stringContaining('was written by nobody') });
  });

  it('checks several files as one', async () => {
    const writer = await saved('writer.jsonl', written('a 1-2 write x 1 @n1v1s1'));
    const reader = await saved('reader.jsonl', written('b 3-4 read x → 0 @n2v0s1'));
    expect((await run(reader)).code).toBe(0);
    expect((await run(writer, reader)).code).toBe(1);
  });

  it.each<readonly [string, readonly string[], string]>([
    ['no file', [], 'name the file'],
    ['a file that is not there', ['missing.jsonl'], 'cannot be read'],
    ['a flag that there is not', ['--fast'], "Unknown option '--fast'"],
  ])('ends with 2 and one line for %s', async (_what, args, line) => {
    const { code, out, error } = await run(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toContain(line);
    expect(error.trimEnd()).not.toContain('\n');
  });

  it('ends with 2 for what cannot be checked', async () => {
    expect((await run(await saved('blind.jsonl', written('a 1-2 write x 1')))).code).toBe(2);
    const path = join(folder, 'noise.jsonl');
    await writeFile(path, 'noise\u001b[31m\n');
    const { code, error } = await run(path);
    expect(code).toBe(2);
    expect(error).toContain('is not a history: line 1');
  });

  it('prints no control characters of a file', async () => {
    const history = written('a 1-2 write x 1 @n1v1s1', 'b 3-4 read x → 0 @n2v0s1');
    const evil = { ...history, processes: history.processes.map((process) => ({ ...process, name: '\u001b[2J\rme' })) };
    expect((await run(await saved('evil.jsonl', evil))).out).toContain('?[2J?me #0');
  });

  it('explains itself', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Usage: check FILE') });
  });
});
