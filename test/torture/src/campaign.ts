import { describeFault, type FaultKind, type PlannedFault } from './faults.js';
import { nemeses } from './nemeses/all.js';
import type { Battlefield, Injection } from './nemeses/nemesis.js';

/** What came of the faults of one kind. */
export interface KindSum {
  injected: number;
  /** Those that something shows an effect of. */
  effective: number;
  /** Faults whose target was not there, because of another one. */
  notBegun: number;
  /** One of the effects, in words. */
  example: string | undefined;
}

interface Done {
  readonly fault: PlannedFault;
  readonly injection: Injection;
}

/** Does the faults of a schedule, each at its time. */
export class Campaign {
  readonly #schedule: readonly PlannedFault[];
  readonly #field: Battlefield;
  readonly #say: (text: string) => void;
  readonly #done: Done[] = [];
  readonly #notBegun: PlannedFault[] = [];
  readonly #current = new Set<PlannedFault>();

  constructor(schedule: readonly PlannedFault[], field: Battlefield, say: (text: string) => void) {
    this.#schedule = schedule;
    this.#field = field;
    this.#say = say;
  }

  get begun(): number {
    return this.#done.length + this.#notBegun.length;
  }
  /** What is going on now, for people. */
  get current(): string {
    return [...this.#current].map(({ kind, target }) => `${kind} ${target}`).join(' + ');
  }

  /** Ends when the last fault has; an abort of `signal` ends those under way at once and begins no more. */
  async run(signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    await Promise.all(
      this.#schedule.map(async (fault) => {
        await sleep(startMs + fault.atMs - performance.now(), signal);
        if (!signal.aborted) await this.#inject(fault, signal);
      }),
    );
  }

  /** What came of it, by kind. Asked when the run is over. */
  sums(): ReadonlyMap<FaultKind, KindSum> {
    const sums = new Map<FaultKind, KindSum>();
    const sumOf = (kind: FaultKind): KindSum => {
      const sum = sums.get(kind) ?? { injected: 0, effective: 0, notBegun: 0, example: undefined };
      sums.set(kind, sum);
      return sum;
    };
    for (const { kind } of this.#notBegun) sumOf(kind).notBegun += 1;
    for (const { fault, injection } of this.#done) {
      const sum = sumOf(fault.kind);
      const effect = injection.effect();
      sum.injected += 1;
      if (effect !== undefined) sum.effective += 1;
      sum.example ??= effect;
    }
    return sums;
  }

  async #inject(fault: PlannedFault, signal: AbortSignal): Promise<void> {
    const { findings } = this.#field;
    const name = `#${fault.number} ${fault.kind}`;
    let injection: Injection;
    try {
      injection = await nemeses[fault.kind](fault, this.#field);
    } catch (error) {
      this.#notBegun.push(fault);
      return this.#say(`${name} not begun: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#current.add(fault);
    this.#done.push({ fault, injection });
    this.#say(`${name} begins: ${describeFault(fault)}`);
    await sleep(fault.forMs, signal);
    try {
      await injection.end();
      this.#say(`${name} is over`);
    } catch (error) {
      if (!signal.aborted) findings.add(`${name} at ${fault.target} could not be ended: ${String(error)}`);
    } finally {
      this.#current.delete(fault);
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || ms <= 0) return resolve();
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal.addEventListener('abort', over);
  });
}

/** Kinds that were injected and never had an effect: a nemesis that disturbs nobody proves nothing. */
export function vacuous(sums: ReadonlyMap<FaultKind, KindSum>): readonly string[] {
  return [...sums].flatMap(([kind, { injected, effective }]) =>
    injected > 0 && effective === 0 ? [`${injected} times ${kind} had no effect that shows`] : [],
  );
}
