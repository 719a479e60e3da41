import { describe, expect, it } from 'vitest';
import { faultKinds } from '../src/faults.js';
import { readOptions, UsageError } from '../src/options.js';

const read = (...args: string[]) => readOptions(args, 77);

describe('the options', () => {
  it('have defaults for all, and a seed that was drawn', () => {
    expect(read()).toMatchObject({ minutes: 1, seed: 77, nodes: 4, memory: 'auto', transport: 'both', network: 'auto', kinds: faultKinds });
  });

  it('are what was given', () => {
    const given = [
      '--minutes',
      '0.5',
      '--seed',
      '3',
      '--nodes',
      '5',
      '--memory',
      'software',
      '--transport',
      'ws',
      '--nemesis',
      'stop,kill',
    ];
    expect(read(...given, '--json')).toMatchObject({
      ...{ minutes: 0.5, seed: 3, nodes: 5, memory: 'software', transport: 'ws', kinds: ['kill', 'stop'], json: true },
    });
  });

  it.each([
    ['--minutes', '0', 'use a number from'],
    ['--minutes', 'many', 'use a number from'],
    ['--minutes', '', 'use a number from'],
    ['--seed', '-1', 'use a whole number from 0'],
    ['--nodes', '2', 'use a whole number from 3'],
    ['--nodes', '3.5', 'use a whole number from 3'],
    ['--memory', 'tape', 'use one of auto, mapped, software'],
    ['--transport', 'carrier-pigeon', 'use one of ws, grpc, both'],
    ['--network', 'mesh', 'use one of auto, namespaces, proxy'],
    ['--nemesis', 'kill,eclipse', '--nemesis eclipse: use some of'],
  ])('refuse %s "%s" in one line that says what to give', (flag, value, says) => {
    expect(() => read(`${flag}=${value}`)).toThrow(UsageError);
    expect(() => read(`${flag}=${value}`)).toThrow(says);
  });

  it.each([[['--fast']], [['now']], [['--seed']]])('refuse %j', (args) => {
    expect(() => read(...args)).toThrow(UsageError);
  });

  it('tell what there is', () => {
    expect(read('--help')).toBe('help');
  });
});
