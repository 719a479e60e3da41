import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf } from './installed.js';

/** About how many characters a piece has. */
const PIECE_CHARACTERS = 32_768;

/**
 * The documented declarations (`.d.ts`) of the installed `typescript` and `@types/node`: about 6.6 million characters of prose and code.
 * In pieces of whole lines, in an order that does not depend on the file system; at most `atMost` pieces.
 */
export function documentation(atMost: number): string[] {
  const pieces: string[] = [];
  for (const folder of [join(folderOf('typescript'), 'lib'), folderOf('@types/node')]) {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'));
    for (const name of names.sort()) {
      pieces.push(...piecesOf(readFileSync(join(folder, name), 'utf8')));
      if (pieces.length >= atMost) return pieces.slice(0, atMost);
    }
  }
  return pieces;
}

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length; ) {
    const lineEnd = text.indexOf('\n', from + PIECE_CHARACTERS);
    const to = lineEnd === -1 ? text.length : lineEnd + 1;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}
