import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import type { History } from './history.js';
import { formatHistory, HistoryParser, type ParsedHistory } from './history-lines.js';

export { formatHistory, HistoryParser, type ParsedHistory } from './history-lines.js';

/** Lines are handed over in parts of about this size. */
const PART_CHARACTERS = 1 << 16;
/** A longer line is no line of a history: what is read is bounded. */
const MAX_LINE_CHARACTERS = 1 << 28;

/** Writes a history as lines of JSON. Rejects as the file system does. */
export async function writeHistory(path: string, history: History): Promise<void> {
  const file = createWriteStream(path);
  const ended = once(file, 'close');
  let part = '';
  for (const line of formatHistory(history)) {
    part += `${line}\n`;
    if (part.length < PART_CHARACTERS) continue;
    if (!file.write(part)) await Promise.race([once(file, 'drain'), ended]);
    part = '';
  }
  file.end(part);
  await ended;
}

/** Reads a history. What is no history is answered with a reason; rejects only as the file system does. */
export async function readHistory(path: string): Promise<ParsedHistory> {
  const parser = new HistoryParser();
  let rest = '';
  for await (const part of createReadStream(path, { encoding: 'utf8' })) {
    const lines = `${rest}${part}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS) return { ok: false, reason: `a line of more than ${MAX_LINE_CHARACTERS} characters` };
    for (const line of lines) if (!parser.take(line)) return parser.end();
  }
  parser.take(rest);
  return parser.end();
}
