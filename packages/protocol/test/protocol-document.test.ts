import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rows } from '../src/codec/rows.js';

const document = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

test('docs/protocol.md has a row for every kind of message, and for no other', () => {
  const [, messages = ''] = document.split(/^## /m).filter((part) => part.startsWith('1.') || part.startsWith('2.'));
  const documented = [...messages.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, kind]) => kind);
  expect(documented.sort()).toEqual(Object.keys(rows).sort());
});

test('every file of scenarios that docs/protocol.md points to exists', () => {
  const named = [...new Set([...document.matchAll(/`([a-z-]+\.txt)`/g)].map(([, name]) => name))];
  expect(named.length).toBeGreaterThan(10);
  for (const name of named) expect(readFileSync(new URL(`../../../test/scenarios/${name}`, import.meta.url), 'utf8')).toContain('# ');
});
