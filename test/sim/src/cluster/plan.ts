import { between, logUniform, pick, type Random, randomStream } from './random.js';
import type { NetworkTraits } from './simulated-network.js';
import type { MachineTraits } from './simulated-process.js';

/** The cells of a run: each page has as many, evenly spread. */
export const pageBytes = 64;
export const cellsPerPage = 4;
export const cellOffset = (page: number, cell: number): number => page * pageBytes + cell * (pageBytes / cellsPerPage);

/** What a program does next. `part` numbers it for the shrinker. */
export interface PlannedOperation {
  readonly part: number;
  readonly thinkMs: number;
  readonly page: number;
  readonly cell: number;
  /** Pages, for what covers several. */
  readonly pages: number;
  readonly what: OperationKind;
  /** How long a pin, a lock or permits are kept, or a wait lasts. */
  readonly holdMs: number;
}

const nodeOperations = [
  'load',
  'read',
  'store',
  'write',
  'add',
  'exchange',
  'compare-exchange',
  'pin-readonly',
  'pin-exclusive',
  'prefetch-readonly',
  'prefetch-exclusive',
  'reopen',
  'lock',
  'semaphore',
  'barrier',
  'wait',
  'announce',
] as const;
const clientOperations = ['load', 'read', 'store', 'write', 'add', 'exchange', 'compare-exchange'] as const;
export type OperationKind = (typeof nodeOperations)[number];

/** One sequential program, on a node or on a client of one. */
export interface Lane {
  readonly on: 'node' | 'client';
  readonly index: number;
  readonly operations: readonly PlannedOperation[];
}

/** What goes wrong, when, to whom. Hosts are numbered: 0 is the coordinator's, then the nodes', then the clients'. */
export interface PlannedNemesis {
  readonly part: number;
  readonly atMs: number;
  readonly lastsMs: number;
  readonly what: NemesisKind;
  readonly node: number;
  readonly other: number;
}

const nemeses = [
  'kill',
  'power-loss',
  'kill-while-sending',
  'leave',
  'pause',
  'suspend',
  'pause-coordinator',
  'partition',
  'one-way',
  'isolate',
  'cut',
  'half-open',
  'slow',
] as const;
export type NemesisKind = (typeof nemeses)[number];

/** What histories are of. */
export type Recorded = 'cells' | 'pages';

/** What writes without being recorded. */
const unrecorded: Readonly<Record<Recorded, readonly OperationKind[]>> = {
  cells: ['write', 'pin-exclusive'],
  pages: ['store', 'add', 'exchange', 'compare-exchange', 'announce', 'pin-exclusive'],
};

/** Everything that a seed decides before anything happens. */
export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly clients: number;
  readonly pages: number;
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  readonly faultTimeoutMs: number;
  readonly storeBytes: number;
  readonly network: NetworkTraits;
  /** The coordinator's machine first. */
  readonly machines: readonly MachineTraits[];
  readonly lanes: readonly Lane[];
  readonly nemeses: readonly PlannedNemesis[];
  /** What is recorded, if anything: accesses to cells, or reads and writes of whole pages. Nothing else is written then. */
  readonly recorded: Recorded | undefined;
  /** When the faults stop. */
  readonly untilMs: number;
  readonly parts: number;
}

/** Each seed draws its own mix and rates, some of them nothing at all (swarm testing: Groce et al., 2012). */
export function drawPlan(seed: number): Plan {
  const random = randomStream(seed, 'plan');
  const nodes = between(random, 2, 4);
  const clients = random() < 0.5 ? 0 : between(random, 1, 2);
  const pages = between(random, 1, 6);
  const leaseMs = Math.round(logUniform(random, 400, 3000));
  const untilMs = logUniform(random, 300, 6000);
  const drawn = pick(random, ['cells', 'cells', 'pages', 'nothing', 'nothing'] as const);
  const recorded = drawn === 'nothing' ? undefined : drawn;
  const slowestMs = logUniform(random, 0.1, 20);
  let parts = 0;
  const part = (): number => {
    parts += 1;
    return parts - 1;
  };
  return {
    seed,
    nodes,
    clients,
    pages,
    leaseMs,
    renewEveryMs: Math.max(20, Math.floor(leaseMs / between(random, 4, 8))),
    faultTimeoutMs: random() < 0.2 ? Math.round(logUniform(random, 50, 1000)) : 5000,
    storeBytes: random() < 0.3 ? pageBytes : 1024 ** 2,
    network: {
      fastestMs: logUniform(random, 0.02, slowestMs),
      slowestMs,
      spikes: random() < 0.5 ? 0 : random() * 0.05,
      spikeMs: logUniform(random, 1, 300),
    },
    machines: Array.from({ length: 1 + nodes + clients }, () => drawMachine(random)),
    nemeses: drawNemeses(random, { nodes, clients, untilMs, leaseMs, part }),
    lanes: drawLanes(random, { nodes, clients, pages, untilMs, part }, recorded),
    recorded,
    untilMs,
    parts,
  };
}

/** A machine as machines are: its clock a little off, some of its events slow. */
export function drawMachine(random: Random): MachineTraits {
  return {
    // Quartz is within 100 ppm; leases allow for far more.
    clockRate: 1 + (random() - 0.5) * 2e-4,
    clockStart: random() * 1e6,
    slowestEventMs: logUniform(random, 0.002, 2),
  };
}

function drawNemeses(
  random: Random,
  {
    nodes,
    clients,
    untilMs,
    leaseMs,
    part,
  }: { readonly nodes: number; readonly clients: number; readonly untilMs: number; readonly leaseMs: number; part(): number },
): PlannedNemesis[] {
  if (random() < 0.15) return [];
  const weights = nemeses.map(() => (random() < 0.4 ? 0 : random()));
  const mean = logUniform(random, 1, 12);
  const count = Math.min(20, Math.round(mean * (0.5 + random())));
  return Array.from({ length: count }, () => ({
    part: part(),
    atMs: random() * untilMs,
    // Often near the lease, where the races are.
    lastsMs: random() < 0.5 ? leaseMs * (0.5 + random() * 1.5) : logUniform(random, 1, 2 * leaseMs),
    what: weighted(random, nemeses, weights) ?? 'cut',
    node: between(random, 1, nodes),
    other: between(random, 0, nodes + clients),
  }));
}

function drawLanes(
  random: Random,
  shape: { readonly nodes: number; readonly clients: number; readonly pages: number; readonly untilMs: number; part(): number },
  recorded: Recorded | undefined,
): Lane[] {
  const isLeftOut = (what: OperationKind): boolean => recorded !== undefined && unrecorded[recorded].includes(what);
  const drawn = (what: OperationKind): number => (random() < 0.35 ? 0 : random() * (isFrequent(what) ? 3 : 0.6));
  const weights = nodeOperations.map((what) => (isLeftOut(what) ? 0 : drawn(what)));
  const hot = random();
  const lane = (on: Lane['on'], index: number): Lane => {
    const count = Math.round(logUniform(random, 5, 60));
    const kinds = on === 'node' ? nodeOperations : clientOperations.filter((what) => !isLeftOut(what));
    const operations = Array.from({ length: count }, (): PlannedOperation => {
      const page = random() < hot ? 0 : between(random, 0, shape.pages - 1);
      return {
        part: shape.part(),
        thinkMs: random() < 0.3 ? 0 : (logUniform(random, 0.01, 2) * shape.untilMs) / count,
        page,
        cell: between(random, 0, cellsPerPage - 1),
        pages: between(random, 1, shape.pages - page),
        what: weighted(random, kinds, on === 'node' ? weights : kinds.map(() => random())) ?? pick(random, ['load', 'store']),
        holdMs: logUniform(random, 0.05, 200),
      };
    });
    return { on, index, operations };
  };
  const lanes: Lane[] = [];
  for (let node = 1; node <= shape.nodes; node += 1) {
    const count = between(random, 1, 3);
    for (let i = 0; i < count; i += 1) lanes.push(lane('node', node));
  }
  for (let client = 1; client <= shape.clients; client += 1) lanes.push(lane('client', client));
  return lanes;
}

const isFrequent = (what: OperationKind): boolean => ['load', 'read', 'store', 'write', 'add'].includes(what);

function weighted<T>(random: Random, items: readonly T[], weights: readonly number[]): T | undefined {
  let at = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, item] of items.entries()) {
    at -= weights[index] ?? 0;
    if (at < 0) return item;
  }
  return undefined;
}
