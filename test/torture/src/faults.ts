/** What the nemesis can do. The README says what each is; the order is that of the report. */
export const faultKinds = [
  'kill',
  'restart',
  'pause',
  'stop',
  'coordinator-pause',
  'partition',
  'one-way',
  'link-down',
  'loss',
  'delay',
  'drip',
  'fill',
  'strangers',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export const isFaultKind = (name: string): name is FaultKind => (faultKinds as readonly string[]).includes(name);

/** Which way bytes are lost, as the target sees it. */
export type Lost = 'in' | 'out' | 'both';

/** One injected failure, as the schedule has it. Times are milliseconds. */
export interface PlannedFault {
  readonly number: number;
  readonly kind: FaultKind;
  /** The member that it is done to. */
  readonly target: string;
  /** The other end of what is cut; `everyone` is all other members. */
  readonly other: string;
  readonly lost: Lost;
  /** From the start of the schedule. */
  readonly atMs: number;
  readonly forMs: number;
  /** What a kind needs besides: a delay in ms, a rate in bytes a second, a percentage, a count of connections. 0 where it needs nothing. */
  readonly amount: number;
}

const ways: Record<Lost, string> = { in: '<-', out: '->', both: '<->' };

/** The fault for people, without its number and time. */
export function describeFault({ kind, target, other, lost, forMs, amount }: PlannedFault): string {
  const lasting = `${target} for ${forMs} ms`;
  switch (kind) {
    case 'kill':
      return `kill -9 ${target}, start it again after ${forMs} ms`;
    case 'restart':
      return `SIGTERM ${target}, start it again after ${forMs} ms`;
    case 'pause':
    case 'stop':
    case 'coordinator-pause':
      return `SIGSTOP ${lasting}`;
    case 'partition':
    case 'one-way':
      return `nothing ${target} ${ways[lost]} ${other} for ${forMs} ms`;
    case 'link-down':
      return `link of ${target} down for ${forMs} ms`;
    case 'loss':
      return `${amount} % of the packets of ${target} lost for ${forMs} ms`;
    case 'delay':
      return `bytes to and from ${target} ${amount} ms late, and up to ${amount} ms more, for ${forMs} ms`;
    case 'drip':
      return `${amount} bytes a second to and from ${target} for ${forMs} ms`;
    case 'fill':
      return `${amount} clients that ask and never read at ${target} for ${forMs} ms`;
    case 'strangers':
      return `${amount} strangers at the port of ${target} for ${forMs} ms`;
  }
}
