import { roundedUp, type Team, type Traffic, wasmPages } from '../../examples/src/team/team.js';

/** What a member of a test's team has besides what programs see. */
export interface TestTeamOptions {
  readonly size: number;
  /** False gives each member memory of its own: whatever works then does not depend on sharing. */
  readonly shares?: boolean;
  readonly traffic?: (rank: number) => Traffic | undefined;
}

/** A team whose members take turns on one thread: each runs until it waits for the others. */
export function turnTakingTeam({ size, shares = true, traffic = () => undefined }: TestTeamOptions): Team[] {
  const buffers = new Map<string, SharedArrayBuffer>();
  const memories = new Map<string, WebAssembly.Memory>();
  let waiting: (() => void)[] = [];
  return Array.from({ length: size }, (_, rank): Team => {
    const keyOf = (name: string): string => (shares ? name : `${name} of ${rank}`);
    return {
      rank,
      size,
      share: async (name, bytes) => known(buffers, keyOf(name), () => new SharedArrayBuffer(roundedUp(bytes))),
      shareMemory: async (name, bytes) => {
        const pages = wasmPages(bytes);
        return known(memories, keyOf(name), () => new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }));
      },
      barrier: () =>
        new Promise((resolve) => {
          waiting.push(resolve);
          if (waiting.length < size) return;
          const all = waiting;
          waiting = [];
          for (const leave of all) leave();
        }),
      traffic: () => traffic(rank),
    };
  });
}

function known<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const value = values.get(key) ?? make();
  values.set(key, value);
  return value;
}
