import type { Wanted } from '@pagewire/test';
import type { TortureCluster } from '../cluster/torture-cluster.js';
import type { PlannedFault } from '../faults.js';
import type { Findings } from '../findings.js';
import type { Lives } from '../lives.js';
import type { Network } from '../network/network.js';
import type { Samples } from '../samples.js';

/** What a nemesis works on, and what tells it afterwards whether that had an effect. */
export interface Battlefield {
  readonly cluster: TortureCluster;
  readonly network: Network;
  readonly samples: Samples;
  readonly lives: Lives;
  readonly findings: Findings;
  /** A region that clients of the standing load use: what a client that only asks can ask for. */
  readonly usedRegion: () => Wanted | undefined;
}

/** A fault that has begun. */
export interface Injection {
  /** Makes it whole again. Called once, always. */
  end(): Promise<void>;
  /** What it did to the cluster, in a few words; undefined when nothing shows that it did anything. Asked when the run is over. */
  effect(): string | undefined;
}

/** Begins a fault. Rejects when it could not be begun, as when its target does not run. */
export type Nemesis = (fault: PlannedFault, field: Battlefield) => Promise<Injection>;

/** Fault and its times, to ask how operations fared meanwhile. */
export class Span {
  readonly fromMs = performance.now();
  toMs = Number.POSITIVE_INFINITY;

  constructor(
    readonly fault: PlannedFault,
    readonly field: Battlefield,
  ) {}

  over(): void {
    this.toMs = performance.now();
  }

  /** An operation that took half as long as the fault or longer, or a failed one, or a new life of the target soon after. */
  get disturbance(): string | undefined {
    const { fault, field, fromMs, toMs } = this;
    const slowest = field.samples.slowest({ fromMs, toMs });
    if (slowest >= fault.forMs / 2) return `an operation took ${Math.round(slowest)} ms`;
    const failures = field.samples.failures({ fromMs, toMs });
    if (failures > 0) return `${failures} operations failed`;
    return field.lives.hasBegunSince(fault.target, fromMs) ? `${fault.target} began a new life` : undefined;
  }
}
