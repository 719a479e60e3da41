import { InvariantError, PagewireError, type RegionAccess } from '@pagewire/protocol';
import type { ClientPool } from '../client-pool.js';
import { fateOf, survivableCode } from '../fate.js';
import type { Lane } from '../lanes.js';
import type { Done } from '../meter.js';
import { loadLimits } from '../options.js';
import { inParallel } from '../persistence.js';
import type { Random } from '../random.js';
import { type Conclusion, type ConclusionResult, count, type Workload, type WorkloadContext } from '../workload.js';
import { CounterLedger } from './counter-ledger.js';

/** Counters on one page: few, so that a page is shared truly (one counter, many clients) and falsely (its neighbours) at once. */
export const countersPerPage = 4;
const COUNTER_BYTES = 4;

/** Over the counters that the final check could read. */
interface Sum {
  counters: number;
  counted: number;
  acknowledged: number;
  unknown: number;
}

/**
 * Many clients add 1 to a few shared counters with atomics. Every returned value is checked when it arrives, and at the end
 * acknowledged ≤ counted ≤ acknowledged + unknown must hold for each counter: without failures, exactly. Counters are int32, and may start anywhere:
 * differences are taken modulo 2^32.
 */
export class CounterWorkload implements Workload {
  readonly regionBytes: number;
  readonly #context: WorkloadContext;
  readonly #ledgers: readonly CounterLedger[];
  readonly #first: Int32Array;

  constructor(context: WorkloadContext) {
    const { records, pageBytes } = context.settings;
    this.#context = context;
    this.regionBytes = Math.ceil(records / countersPerPage) * pageBytes;
    this.#ledgers = Array.from({ length: records }, () => new CounterLedger());
    this.#first = new Int32Array(records);
  }

  async prepare(pool: ClientPool, onReady: (count: number) => void): Promise<void> {
    const { clock, stop } = this.#context;
    await inParallel({ count: this.#ledgers.length, width: loadLimits.loadDepth, stop }, async (counter) => {
      const patience = { clock, stop, deadlineMs: clock.now() + loadLimits.loadPatienceMs };
      const result = await pool.persist(patience, counter, (region) => this.#load(region, counter));
      if (result.ok) this.#first[counter] = result.value;
      else if (result.code === 'page-lost') this.#noteLoss(counter);
      else if (!stop.requested) {
        throw new PagewireError(result.code, `counter ${counter} of region "${pool.regionName}" could not be read before the run started`);
      }
      onReady(1);
    });
  }

  async operate(lane: Lane): Promise<Done> {
    const counter = this.#choose(lane.random);
    const ledger = this.#ledger(counter);
    const increment = ledger.begin();
    let value: number;
    try {
      value = await lane.region.atomics.add('int32', this.#offsetOf(counter), 1);
    } catch (error) {
      if (fateOf(error) === 'none') ledger.withdraw();
      if (survivableCode(error) === 'page-lost') this.#noteLoss(counter);
      throw error;
    }
    const problem = ledger.end(increment, this.#sinceFirst(counter, value));
    this.#context.verdict.check(problem && `counter ${counter}: an increment of client ${lane.client} ${problem}`);
    return { kind: 'add', bytesRead: COUNTER_BYTES, bytesWritten: COUNTER_BYTES };
  }

  async conclude({ pool, deadlineMs, stop, onChecked }: Conclusion): Promise<ConclusionResult> {
    const { clock } = this.#context;
    const sum: Sum = { counters: 0, counted: 0, acknowledged: 0, unknown: 0 };
    await inParallel({ count: this.#ledgers.length, width: loadLimits.loadDepth, stop }, async (counter) => {
      const ledger = this.#ledger(counter);
      const result = await pool.persist({ clock, stop, deadlineMs }, counter, async (region) => {
        const least = ledger.acknowledged;
        return { least, raised: this.#sinceFirst(counter, await this.#load(region, counter)) };
      });
      onChecked(1);
      if (result.ok) this.#settle(counter, result.value, sum);
      else if (result.code === 'page-lost') this.#noteLoss(counter);
    });
    return { summary: this.#summary(sum), unread: Math.max(0, this.#ledgers.length - sum.counters - this.setAside()) };
  }

  #settle(counter: number, { least, raised }: { readonly least: number; readonly raised: number }, sum: Sum): void {
    const ledger = this.#ledger(counter);
    const problem = ledger.settle(raised, least);
    this.#context.verdict.check(problem && `counter ${counter} ${problem}`);
    sum.counters++;
    sum.counted += raised;
    sum.acknowledged += ledger.acknowledged;
    sum.unknown += ledger.unknown;
  }

  #summary({ counters, counted, acknowledged, unknown }: Sum): string {
    const { verdict } = this.#context;
    const fate = unknown > 0 ? ` (and ${count(unknown)} of unknown outcome)` : '';
    const lost = this.#ledgers.filter((ledger) => ledger.lost);
    const leftOut = lost.reduce((total, ledger) => total + ledger.acknowledged, 0);
    const aside = lost.length > 0 ? `; ${count(lost.length)} lie on lost pages, with ${count(leftOut)} increments that are left out` : '';
    const unread = this.#ledgers.length - counters - lost.length;
    const missing = unread > 0 ? `; ${count(unread)} could not be read, so nothing is known of them` : '';
    const total = `${count(counters)} counters: ${count(acknowledged)} increments acknowledged${fate}, ${count(counted)} counted`;
    return `${total}${aside}${missing}; ${count(verdict.checks)} checks, ${count(verdict.wrong)} wrong`;
  }

  setAside(): number {
    return this.#ledgers.filter((ledger) => ledger.lost).length;
  }

  /** Counters on lost pages are drawn again a few times, so that the run is not spent on them. */
  #choose(random: Random): number {
    let counter = random.below(this.#ledgers.length);
    for (let i = 0; i < loadLimits.redraws && this.#ledger(counter).lost; i++) counter = random.below(this.#ledgers.length);
    return counter;
  }

  /** The counters of a page are lost together. */
  #noteLoss(counter: number): void {
    const first = counter - (counter % countersPerPage);
    for (const ledger of this.#ledgers.slice(first, first + countersPerPage)) ledger.lost = true;
  }

  #load(region: RegionAccess, counter: number): Promise<number> {
    return region.atomics.load('int32', this.#offsetOf(counter));
  }

  #ledger(counter: number): CounterLedger {
    const ledger = this.#ledgers[counter];
    if (ledger === undefined) throw new InvariantError(`counter ${counter} of ${this.#ledgers.length}`);
    return ledger;
  }

  #sinceFirst(counter: number, value: number): number {
    return (value - (this.#first[counter] ?? 0)) >>> 0;
  }

  #offsetOf(counter: number): number {
    const { pageBytes } = this.#context.settings;
    return Math.floor(counter / countersPerPage) * pageBytes + (counter % countersPerPage) * (pageBytes / countersPerPage);
  }
}
