import type { ProcessFigures } from './process-figures.js';

/**
 * By how much a process may exceed, after a quiet period, what it had after the warm-up. Descriptors: each member has a connection to each
 * other, made when first needed; two of them, while both sides have dialed. Threads: the pools of V8 and libuv start theirs late. Memory: V8 keeps the heap of
 * its worst minute for a while, and what the allocator freed in small pieces it does not give back.
 */
export const leakBounds = { threads: 8, residentBytes: 192 * 1024 * 1024 } as const;
export const descriptorBound = (members: number): number => 2 * members + 8;

/** One process that has survived, or was started again, and what one of its kind had at the start. */
export interface Compared {
  readonly name: string;
  readonly before: ProcessFigures;
  readonly after: ProcessFigures;
}

/** What of a process has grown beyond its bound. */
export function leaksOf({ name, before, after }: Compared, members: number): readonly string[] {
  const bounds: readonly (readonly [what: string, had: number, has: number, bound: number])[] = [
    ['open descriptors', before.descriptors, after.descriptors, descriptorBound(members)],
    ['threads', before.threads, after.threads, leakBounds.threads],
    ['bytes of memory', before.residentBytes, after.residentBytes, leakBounds.residentBytes],
    ['child processes', before.children, after.children, 0],
    ['listening ports', before.ports, after.ports, 0],
  ];
  return bounds
    .filter(([, had, has, bound]) => has > had + bound)
    .map(([what, had, has, bound]) => `${name} has ${has} ${what}, ${has - had} more than at the start (${bound} more are allowed)`);
}

/** For each figure the most that one of several processes of a kind had: what one that was started since is held against. */
export function mostOf(figures: readonly ProcessFigures[]): ProcessFigures {
  const most = (of: (one: ProcessFigures) => number): number => figures.reduce((largest, one) => Math.max(largest, of(one)), 0);
  return {
    descriptors: most(({ descriptors }) => descriptors),
    threads: most(({ threads }) => threads),
    residentBytes: most(({ residentBytes }) => residentBytes),
    children: most(({ children }) => children),
    ports: most(({ ports }) => ports),
  };
}
