import { connect, type Status } from '@pagewire/client';
import { type NodeCounters, nodeCounterNames } from '@pagewire/protocol';

/** The sums of the counters of all nodes at `urls`, asked from the nodes themselves. */
export async function readNodeCounters(urls: readonly string[]): Promise<NodeCounters> {
  const counters = await Promise.all(
    urls.map(async (url) => {
      await using client = await connect(url);
      return countersOf(await client.status());
    }),
  );
  return combine((name) => counters.reduce((sum, one) => sum + one[name], 0));
}

/** What was counted between two readings. */
export const subtractCounters = (after: NodeCounters, before: NodeCounters): NodeCounters => combine((name) => after[name] - before[name]);

/** The counters in what a node says of itself; one that is missing counts as 0. */
function countersOf({ counters }: Status): NodeCounters {
  const values = new Map<string, unknown>(Object.entries(typeof counters === 'object' && counters !== null ? counters : {}));
  return combine((name) => {
    const value = values.get(name);
    return typeof value === 'number' ? value : 0;
  });
}

function combine(value: (name: keyof NodeCounters) => number): NodeCounters {
  // `nodeCounterNames` has every key, which a test of the protocol's package holds; `fromEntries` cannot say so.
  return Object.fromEntries(nodeCounterNames.map((name) => [name, value(name)])) as Record<keyof NodeCounters, number>;
}
