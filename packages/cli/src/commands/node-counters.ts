import { connect, type Status } from '@pagewire/client';
import { type NodeCounters, nodeCounterNames } from '@pagewire/protocol';

/** How long a node may take to answer before it is left out. */
const answerMs = 2000;

/** What each node that answered has counted in this life of it, by URL. */
export type CountersByNode = ReadonlyMap<string, { readonly incarnation: unknown; readonly counters: NodeCounters }>;

/** Asks the nodes at `urls` for their counters. Nodes that do not answer are left out. */
export async function readNodeCounters(urls: readonly string[]): Promise<CountersByNode> {
  const readings = await Promise.allSettled(
    urls.map(async (url) => {
      await using client = await connect(url, { connectTimeoutMs: answerMs, operationTimeoutMs: answerMs });
      const status = await client.status();
      return [url, { incarnation: status['incarnation'], counters: countersOf(status) }] as const;
    }),
  );
  return new Map(readings.flatMap((reading) => (reading.status === 'fulfilled' ? [reading.value] : [])));
}

/** The sums of what was counted between two readings, by the nodes that lived through both. */
export function countedBetween(before: CountersByNode, after: CountersByNode): NodeCounters {
  const pairs = [...after].flatMap(([url, { incarnation, counters }]) => {
    const earlier = before.get(url);
    return earlier !== undefined && earlier.incarnation === incarnation ? [{ earlier: earlier.counters, later: counters }] : [];
  });
  return combine((name) => pairs.reduce((sum, { earlier, later }) => sum + later[name] - earlier[name], 0));
}

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
