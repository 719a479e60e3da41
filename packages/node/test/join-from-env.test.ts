import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { join, joinFromEnv, type Node } from '../src/index.js';
import { optionsFromEnv, runVariables } from '../src/join-from-env.js';
import { FakeCoordinator } from './fake-coordinator.js';

const given = {
  PAGEWIRE_COORDINATOR: 'ws://127.0.0.1:7070',
  PAGEWIRE_NAME: 'rank-2',
  PAGEWIRE_RANK: '2',
  PAGEWIRE_SIZE: '4',
};

describe('the environment of `pagewire run`', () => {
  it('says what to join, as whom, and which of how many this is', () => {
    expect(optionsFromEnv({ ...given, PAGEWIRE_MEMORY: 'software', PAGEWIRE_TRANSPORT: 'ws' })).toEqual({
      coordinator: 'ws://127.0.0.1:7070',
      name: 'rank-2',
      place: { rank: 2, size: 4 },
      memory: 'software',
      transports: ['ws'],
    });
  });

  it('leaves memory and transports to their defaults where it does not say them', () => {
    expect(optionsFromEnv(given)).toMatchObject({ memory: 'auto', transports: ['ws', 'grpc'] });
    expect(optionsFromEnv({ ...given, PAGEWIRE_MEMORY: '' })).toMatchObject({ memory: 'auto' });
  });

  it('with both transports puts the one that reaches the coordinator first', () => {
    const overGrpc = { ...given, PAGEWIRE_COORDINATOR: 'grpc://127.0.0.1:7070', PAGEWIRE_TRANSPORT: 'both' };
    expect(optionsFromEnv(overGrpc)).toMatchObject({ transports: ['grpc', 'ws'] });
  });

  it('that says nothing is refused with how to start the program', () => {
    expect(() => optionsFromEnv({})).toThrow(
      'PAGEWIRE_COORDINATOR, PAGEWIRE_NAME, PAGEWIRE_RANK, PAGEWIRE_SIZE are not set: start the program with `pagewire run`',
    );
  });

  it.each([
    ['without a rank', { PAGEWIRE_RANK: '' }, 'PAGEWIRE_RANK is not set'],
    ['with a coordinator that is no URL', { PAGEWIRE_COORDINATOR: 'localhost:7070' }, 'PAGEWIRE_COORDINATOR is ws://HOST:PORT'],
    ['with a rank that is no number', { PAGEWIRE_RANK: 'two' }, 'PAGEWIRE_RANK is a whole number of 0 or more, not "two"'],
    ['with a rank below 0', { PAGEWIRE_RANK: '-1' }, 'PAGEWIRE_RANK is a whole number of 0 or more, not "-1"'],
    ['with a rank that the size leaves no room for', { PAGEWIRE_RANK: '4' }, 'rank is a whole number from 0 to 3'],
    ['with a size of 0', { PAGEWIRE_SIZE: '0' }, 'size is a whole number from 1 to'],
    ['with more programs than a cluster has nodes', { PAGEWIRE_SIZE: '65' }, 'size is a whole number from 1 to 64'],
    ['with an unknown memory', { PAGEWIRE_MEMORY: 'maped' }, 'PAGEWIRE_MEMORY is auto, mapped or software, not "maped"'],
    ['with an unknown transport', { PAGEWIRE_TRANSPORT: 'pigeon' }, 'PAGEWIRE_TRANSPORT is ws, grpc or both, not "pigeon"'],
  ])('%s is refused', (_, wrong, message) => {
    expect(() => optionsFromEnv({ ...given, ...wrong })).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(() => optionsFromEnv({ ...given, ...wrong })).toThrow(message);
  });
});

describe('a node', () => {
  let coordinator: FakeCoordinator;
  const nodes: Node[] = [];
  beforeEach(async () => {
    coordinator = await FakeCoordinator.start();
    for (const [variable, value] of Object.entries({ ...given, PAGEWIRE_COORDINATOR: coordinator.url })) vi.stubEnv(variable, value);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const node of nodes.splice(0)) await node.close();
    await coordinator[Symbol.asyncDispose]();
  });
  const opened = <N extends Node>(node: N): N => {
    nodes.push(node);
    return node;
  };

  it('that is joined from the environment has its name, rank and size', async () => {
    const { name, rank, size } = opened(await joinFromEnv({ memory: 'software' }));
    expect({ name, rank, size }).toEqual({ name: 'rank-2', rank: 2, size: 4 });
  });

  it('that is joined from the environment takes what the program says instead', async () => {
    const { name, memory, rank } = opened(await joinFromEnv({ name: 'other', memory: 'software' }));
    expect({ name, memory, rank }).toEqual({ name: 'other', memory: 'software', rank: 2 });
  });

  it('whose program was not started by `pagewire run` fails as a promise does', async () => {
    vi.stubEnv(runVariables.rank, undefined);
    await expect(joinFromEnv()).rejects.toMatchObject({ code: 'bad-argument', message: expect.stringContaining('PAGEWIRE_RANK') });
  });

  it('that joined by itself has no rank and no size', async () => {
    const { rank, size } = opened(await join({ coordinator: coordinator.url, name: 'n1', memory: 'software' }));
    expect([rank, size]).toEqual([undefined, undefined]);
  });

  it('cannot have a place that there is not', async () => {
    const place = { rank: 3, size: 3 };
    await expect(join({ coordinator: coordinator.url, name: 'n1', place })).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
