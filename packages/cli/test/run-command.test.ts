import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rankPrefixes } from '../src/commands/rank-prefixes.js';
import { environment, programFile } from '../src/commands/run.js';
import { UnclosedRanks } from '../src/commands/unclosed-ranks.js';
import type { RankEnd } from '../src/processes/ranked-program.js';
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

describe('a rank that ended without node.close()', () => {
  const ended = { rank: 1, pid: 1, exit: { code: 0, signal: null }, asked: false };
  const lost = 'warn node-lost name=rank-1 incarnation=2 why=lease-ended';
  const told = (tell: (ranks: UnclosedRanks) => void): readonly string[] => {
    const said: string[] = [];
    tell(new UnclosedRanks((text) => said.push(text)));
    return said;
  };

  it('is named, once, when its node is lost', () => {
    const said = told((ranks) => {
      ranks.ended(ended, 1);
      ranks.logged('info node-left name=rank-2 incarnation=3');
      ranks.logged(lost);
      ranks.logged(lost);
    });
    expect(said).toEqual(['rank 1 ended without node.close(); pages that only it had are lost']);
  });

  it.each<[string, RankEnd, number]>([
    ['it was the last', ended, 0],
    ['it failed, which is said already', { ...ended, exit: { code: 3, signal: null } }, 2],
    ['its node was lost before, while it still ran', { ...ended, rank: 2 }, 1],
  ])('is not named where %s', (_, end, others) => {
    const said = told((ranks) => {
      ranks.logged(lost.replace('rank-1', 'rank-2'));
      ranks.ended(end, others);
      ranks.logged(lost);
    });
    expect(said).toEqual([]);
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
