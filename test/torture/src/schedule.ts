import type { FaultKind, Lost, PlannedFault } from './faults.js';
import { Random } from './random.js';

/** What a schedule is drawn from. The same settings give the same schedule. */
export interface ScheduleSettings {
  readonly seed: number;
  /** How long it may last, healing included, in milliseconds. */
  readonly durationMs: number;
  readonly leaseMs: number;
  readonly kinds: readonly FaultKind[];
  readonly nodes: readonly string[];
  /** Mapped programs: nodes whose threads touch memory plainly. */
  readonly programs: readonly string[];
}

export const coordinatorName = 'coordinator';
export const everyone = 'everyone';

/** How often a second fault is begun while the first lasts. */
const pairShare = 0.45;

interface Draw {
  readonly random: Random;
  readonly settings: ScheduleSettings;
}

type Shape = Pick<PlannedFault, 'forMs' | 'amount'> & { readonly other?: string; readonly lost?: Lost };

/** How long a fault lasts that outlives the lease of who suffers it, and one that does not. */
const long = ({ random, settings: { leaseMs } }: Draw): number => random.between(Math.round(1.2 * leaseMs), 2 * leaseMs);
const brief = ({ random, settings: { leaseMs } }: Draw): number => random.between(Math.round(0.15 * leaseMs), Math.round(0.4 * leaseMs));

function cutOff(draw: Draw, target: string, lost: Lost): Shape {
  const { random, settings } = draw;
  const peers = settings.nodes.filter((node) => node !== target);
  const other = random.pick([everyone, everyone, everyone, coordinatorName, coordinatorName, random.pick(peers)]);
  return { forMs: random.chance(0.6) ? long(draw) : brief(draw), amount: 0, other, lost };
}

const shapes: Record<FaultKind, (draw: Draw, target: string) => Shape> = {
  kill: ({ random }) => ({ forMs: random.between(50, 2000), amount: 0 }),
  restart: ({ random }) => ({ forMs: random.between(50, 1000), amount: 0 }),
  pause: (draw) => ({ forMs: brief(draw), amount: 0 }),
  stop: (draw) => ({ forMs: long(draw), amount: 0 }),
  'coordinator-pause': (draw) => ({ forMs: brief(draw), amount: 0 }),
  partition: (draw, target) => cutOff(draw, target, 'both'),
  'one-way': (draw, target) => cutOff(draw, target, draw.random.pick(['in', 'out'])),
  'link-down': (draw) => ({ forMs: draw.random.chance(0.5) ? long(draw) : brief(draw), amount: 0 }),
  loss: ({ random }) => ({ forMs: random.between(2000, 4000), amount: random.between(10, 40) }),
  delay: ({ random }) => ({ forMs: random.between(2000, 4000), amount: random.between(20, 150) }),
  drip: ({ random }) => ({ forMs: random.between(2000, 4000), amount: 1024 * random.between(8, 64) }),
  fill: ({ random }) => ({ forMs: random.between(2000, 4000), amount: random.between(1, 3) }),
  strangers: ({ random }) => ({ forMs: random.between(1500, 3000), amount: random.between(20, 80) }),
};

/** Whom each kind may be done to. The coordinator keeps the cluster's state in memory, so nothing outlives its members' leases there. */
function targetsOf(kind: FaultKind, { nodes, programs }: ScheduleSettings): readonly string[] {
  switch (kind) {
    case 'coordinator-pause':
      return [coordinatorName];
    case 'restart':
    case 'fill':
      return nodes;
    case 'strangers':
      return [...nodes, coordinatorName];
    default:
      return [...nodes, ...programs];
  }
}

/**
 * Draws the faults of a run in order of time. Kinds are dealt from a shuffled pack that is used up before it is shuffled again, so that each
 * comes as often as any other; often a second fault is done to another member while the first lasts. Everything is over at `durationMs`.
 */
export function drawSchedule(settings: ScheduleSettings): readonly PlannedFault[] {
  const random = new Random(settings.seed);
  const draw = { random, settings };
  const faults: PlannedFault[] = [];
  let pack: FaultKind[] = [];
  const deal = (): FaultKind | undefined => {
    if (pack.length === 0) pack = random.shuffled(settings.kinds);
    return pack.pop();
  };
  for (let atMs = random.between(200, 800); ; ) {
    const first = drawFault(draw, deal(), { number: faults.length + 1, atMs, busy: [] });
    if (first === undefined || first.atMs + first.forMs > settings.durationMs) return faults;
    faults.push(first);
    const second = random.chance(pairShare)
      ? drawFault(draw, deal(), {
          number: faults.length + 1,
          atMs: atMs + random.between(0, Math.max(1, Math.round(first.forMs / 2))),
          busy: [first.target],
        })
      : undefined;
    if (second !== undefined && second.atMs + second.forMs <= settings.durationMs) faults.push(second);
    atMs = Math.max(first.atMs + first.forMs, second === undefined ? 0 : second.atMs + second.forMs) + random.between(400, 1600);
  }
}

function drawFault(
  draw: Draw,
  kind: FaultKind | undefined,
  { number, atMs, busy }: { readonly number: number; readonly atMs: number; readonly busy: readonly string[] },
): PlannedFault | undefined {
  if (kind === undefined) return undefined;
  const targets = targetsOf(kind, draw.settings).filter((name) => !busy.includes(name));
  if (targets.length === 0) return undefined;
  const target = draw.random.pick(targets);
  const { other = everyone, lost = 'both', ...shape } = shapes[kind](draw, target);
  return { number, kind, target, other, lost, atMs, ...shape };
}
