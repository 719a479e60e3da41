import { airportNames, routes } from '../data/flights.js';
import { defineExample, type Opened } from '../example.js';
import { type Band, bandOf, bandsOf, PageLayout } from '../page-layout.js';
import { count, sameBits } from '../same-bits.js';
import type { Team } from '../team/team.js';
import { type Graph, graphOf, pull } from './graph.js';

interface Plan {
  readonly graph: Graph;
  readonly airports: ReadonlyMap<string, string>;
  readonly iterations: number;
  readonly bands: readonly Band[];
  /** Where the rank of each airport lies in one set of shared ranks: the bands of the members begin pages. */
  readonly cells: Uint32Array;
  /** Of one set. There are two, for even and odd iterations. */
  readonly setBytes: number;
}

/**
 * PageRank of airports by the flights between them. The graph has 305 nodes: an iteration takes microseconds and a barrier between machines
 * far longer, so this one shows exact sharing on real data, never a speed-up.
 */
export const pagerank = defineExample({
  name: 'pagerank',
  about: 'PageRank of the airports of the United States (a small graph: bound by its barriers)',
  compares: 'speed-up',
  settings: { iterations: { about: 'of the power iteration', usual: 50, quick: 15 } },
  async prepare({ iterations }, members): Promise<Plan> {
    const graph = graphOf(routes());
    const bands = bandsOf(graph.names.length, members);
    const layout = new PageLayout();
    // Side by side all ranks would fit one page, and every store would take it away from another member.
    const cells = bands.flatMap(({ from, to }) => {
      const start = layout.take((to - from) * Float64Array.BYTES_PER_ELEMENT) / Float64Array.BYTES_PER_ELEMENT;
      return Array.from({ length: to - from }, (_, node) => start + node);
    });
    return { graph, airports: airportNames(), iterations, bands, cells: Uint32Array.from(cells), setBytes: layout.bytes };
  },
  serial({ graph, iterations }) {
    const nodes = graph.names.length;
    const cells = Uint32Array.from({ length: nodes }, (_, node) => node);
    let [values, next] = [new Float64Array(nodes).fill(1 / nodes), new Float64Array(nodes)];
    return {
      compute() {
        for (let iteration = 0; iteration < iterations; iteration += 1) {
          pull(graph, { values, cells }, next, { from: 0, to: nodes });
          [values, next] = [next, values];
        }
      },
      collect: () => values,
    };
  },
  async open(plan, team): Promise<Opened<Float64Array>> {
    return openRanks(plan, team, await team.share('ranks', 2 * plan.setBytes));
  },
  compare: (_, expected, actual) => sameBits('ranks', expected, actual),
  show: ({ graph, airports, iterations }, ranks) => {
    const order = [...ranks.keys()].sort((a, b) => (ranks[b] ?? 0) - (ranks[a] ?? 0)).slice(0, 10);
    return [
      `ranks of ${count(graph.names.length)} airports over ${count(graph.sources.length)} routes after ${count(iterations)} iterations:`,
      ...order.map((node, place) => {
        const code = graph.names[node] ?? '';
        return `${String(place + 1).padStart(3)}  ${ranks[node]?.toFixed(5)}  ${code}  ${airports.get(code) ?? 'not in airports.csv'}`;
      }),
    ];
  },
});

function openRanks({ graph, iterations, bands, cells, setBytes }: Plan, team: Team, buffer: SharedArrayBuffer): Opened<Float64Array> {
  const band = bandOf(bands, team.rank);
  const length = setBytes / Float64Array.BYTES_PER_ELEMENT;
  const [even, odd] = [new Float64Array(buffer, 0, length), new Float64Array(buffer, setBytes, length)];
  return {
    place() {
      for (let node = band.from; node < band.to; node += 1) even[cells[node] ?? 0] = 1 / graph.names.length;
    },
    async compute() {
      let [values, next] = [even, odd];
      for (let iteration = 0; iteration < iterations; iteration += 1) {
        pull(graph, { values, cells }, next, band);
        // One barrier is enough: the set that is written next was read before it.
        await team.barrier();
        [values, next] = [next, values];
      }
    },
    collect: () => Float64Array.from(cells, (cell) => (iterations % 2 === 0 ? even : odd)[cell] ?? 0),
  };
}
