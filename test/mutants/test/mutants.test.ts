import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allMutants, mutantGroups } from '../src/all-mutants.js';
import { plant, repository } from '../src/patch.js';

describe('every mutant', () => {
  test.each(allMutants.map((mutant) => [mutant.name, mutant] as const))(
    '%s fits the sources in one place, and changes them',
    (_, mutant) => {
      const source = readFileSync(new URL(mutant.file, repository), 'utf8');
      expect(plant(mutant, source)).not.toBe(source);
    },
  );

  test('has a name of its own, in kebab-case', () => {
    const names = allMutants.map(({ name }) => name);
    expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('names unit tests that exist', () => {
    const files = new Set(allMutants.flatMap(({ tests = [] }) => tests));
    for (const file of files) expect(readFileSync(new URL(file, repository), 'utf8')).toContain('vitest');
  });
});

test('the quick subset has some of each group', () => {
  const groups = mutantGroups.filter(({ mutants }) => mutants.some(({ quick }) => quick));
  expect(groups).toEqual(mutantGroups);
});

describe('a mutant that does not fit', () => {
  const mutant = { name: 'some-bug', file: 'some/file.ts', find: 'is here', replace: 'is there' };

  test('says so when its text is gone', () => {
    expect(() => plant(mutant, 'it is not')).toThrow(/"some-bug" fits nowhere in some\/file\.ts/);
  });

  test('says so when its text is there twice', () => {
    expect(() => plant(mutant, 'it is here, and it is here')).toThrow(/fits in 2 places/);
  });

  test('takes what it puts there for text and nothing else', () => {
    expect(plant({ ...mutant, replace: '$& $1' }, 'it is here')).toBe('it $& $1');
  });
});
