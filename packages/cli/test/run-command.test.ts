import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rankPrefixes } from '../src/commands/rank-prefixes.js';
import { environment, programFile } from '../src/commands/run.js';
import { recordedTerminal } from './recorded-terminal.js';

describe('a prefix', () => {
  it('is the rank in brackets where there are no colours', () => {
    const prefix = rankPrefixes(recordedTerminal().terminal.outColors);
    expect([prefix(0), prefix(12)]).toEqual(['[0]', '[12]']);
  });

  it('has the colour of its rank on a terminal, and never that of failures', () => {
    const { outColors } = recordedTerminal({ tty: true }).terminal;
    const prefix = rankPrefixes(outColors);
    const shown = Array.from({ length: 10 }, (_, rank) => prefix(rank).replace(/\d+\]/, ''));
    expect([prefix(0), new Set(shown).size, shown.includes(outColors.red('['))]).toEqual(['\x1b[36m[0]\x1b[39m', 5, false]);
  });
});

describe('the environment of a program', () => {
  it('holds all that joinFromEnv reads', () => {
    const place = { rank: 1, name: 'rank-1', coordinator: 'ws://127.0.0.1:7070' };
    expect(environment({ nodes: 4, memory: 'mapped', transport: 'both' }, place)).toEqual({
      PAGEWIRE_COORDINATOR: 'ws://127.0.0.1:7070',
      PAGEWIRE_NAME: 'rank-1',
      PAGEWIRE_RANK: '1',
      PAGEWIRE_SIZE: '4',
      PAGEWIRE_MEMORY: 'mapped',
      PAGEWIRE_TRANSPORT: 'both',
    });
  });
});

describe('the program file', () => {
  const here = fileURLToPath(import.meta.url);
  it('is found from the working folder', () => {
    expect(programFile(here)).toBe(here);
  });

  it.each([
    ['that is not there', `${here}.missing`, 'there is no file'],
    ['that is a folder', fileURLToPath(new URL('.', import.meta.url)), 'is not a file'],
  ])('%s is a usage error', (_, path, says) => {
    expect(() => programFile(path)).toThrow(expect.objectContaining({ exitCode: 2, message: expect.stringContaining(says) }));
  });
});
