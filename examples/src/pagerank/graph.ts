import type { Route } from '../data/flights.js';
import type { Band } from '../page-layout.js';

/** Who may follow a link: the damping factor of S. Brin and L. Page, The Anatomy of a Large-Scale Hypertextual Web Search Engine (1998). */
const DAMPING = 0.85;

/** A weighted directed graph by incoming edges: those of node i are `starts[i]` to `starts[i + 1]`. */
export interface Graph {
  readonly names: readonly string[];
  readonly starts: Uint32Array;
  readonly sources: Uint32Array;
  /** The part of its source's rank that an edge carries; those of one source add up to 1. */
  readonly shares: Float64Array;
  /** Nodes without outgoing edges, whose rank goes to all. */
  readonly dangling: readonly number[];
}

export function graphOf(routes: readonly Route[]): Graph {
  const names = [...new Set(routes.flatMap(({ origin, destination }) => [origin, destination]))].sort();
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const outgoing = new Map<string, number>();
  for (const { origin, flights } of routes) outgoing.set(origin, (outgoing.get(origin) ?? 0) + flights);
  const edges = routes.map(({ origin, destination, flights }) => ({
    source: indexOf.get(origin) ?? 0,
    target: indexOf.get(destination) ?? 0,
    share: flights / (outgoing.get(origin) ?? flights),
  }));
  edges.sort((a, b) => a.target - b.target || a.source - b.source);
  const starts = new Uint32Array(names.length + 1);
  for (const { target } of edges) starts[target + 1] = (starts[target + 1] ?? 0) + 1;
  for (let node = 0; node < names.length; node += 1) starts[node + 1] = (starts[node + 1] ?? 0) + (starts[node] ?? 0);
  return {
    names,
    starts,
    sources: Uint32Array.from(edges, ({ source }) => source),
    shares: Float64Array.from(edges, ({ share }) => share),
    dangling: names.flatMap((name, index) => (outgoing.has(name) ? [] : [index])),
  };
}

/** The ranks of all nodes, some of which may lie apart from the others: node i's is `values[cells[i]]`. */
export interface Ranks {
  readonly values: Float64Array;
  readonly cells: Uint32Array;
}

/** One step of the power iteration for the nodes of a band. Each node pulls, so its terms are added in one order whoever does it. */
export function pull(
  { names, starts, sources, shares, dangling }: Graph,
  { values, cells }: Ranks,
  next: Float64Array,
  { from, to }: Band,
): void {
  const rankOf = (node: number): number => values[cells[node] ?? 0] ?? 0;
  const adrift = dangling.reduce((sum, node) => sum + rankOf(node), 0);
  const base = (1 - DAMPING + DAMPING * adrift) / names.length;
  for (let node = from; node < to; node += 1) {
    let sum = 0;
    const end = starts[node + 1] ?? 0;
    for (let edge = starts[node] ?? 0; edge < end; edge += 1) sum += rankOf(sources[edge] ?? 0) * (shares[edge] ?? 0);
    next[cells[node] ?? 0] = base + DAMPING * sum;
  }
}
