import { InvariantError, PagewireError, type RegionAccess } from '@pagewire/protocol';
import { fateOf, survivableCode } from '../fate.js';
import type { Lane } from '../lanes.js';
import type { Done } from '../meter.js';
import { loadLimits } from '../options.js';
import { inParallel, persist } from '../persistence.js';
import { type Conclusion, count, regionFor, type Workload, type WorkloadContext } from '../workload.js';
import { CounterLedger } from './counter-ledger.js';

/** Counters on one page: few, so that a page is shared truly (one counter, many clients) and falsely (its neighbours) at once. */
export const countersPerPage = 4;
const COUNTER_BYTES = 4;

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

  async prepare(regions: readonly RegionAccess[], onReady: (count: number) => void): Promise<void> {
    const { clock, stop } = this.#context;
    await inParallel({ count: this.#ledgers.length, width: loadLimits.loadDepth, stop }, async (counter) => {
      const result = await persist({ clock, stop, deadlineMs: clock.now() + loadLimits.loadPatienceMs }, (attempt) =>
        this.#load(regionFor(regions, { job: counter, attempt }), counter),
      );
      if (!result.ok && !stop.requested) {
        throw new PagewireError(result.code, `counter ${counter} of region "${regions[0]?.name}" could not be read before the run started`);
      }
      if (result.ok) this.#first[counter] = result.value;
      onReady(1);
    });
  }

  async operate(lane: Lane): Promise<Done> {
    const counter = lane.random.below(this.#ledgers.length);
    const ledger = this.#ledger(counter);
    const increment = ledger.begin();
    let value: number;
    try {
      value = await lane.region.atomics.add('int32', this.#offsetOf(counter), 1);
    } catch (error) {
      if (fateOf(error) === 'none') ledger.withdraw();
      if (survivableCode(error) === 'page-lost') ledger.lost = true;
      throw error;
    }
    const problem = ledger.end(increment, this.#sinceFirst(counter, value));
    this.#context.verdict.check(problem && `counter ${counter}: an increment of client ${lane.client} ${problem}`);
    return { kind: 'add', bytesRead: COUNTER_BYTES, bytesWritten: COUNTER_BYTES };
  }

  async conclude({ regions, deadlineMs, stop, onChecked }: Conclusion): Promise<string> {
    const { clock, verdict, note } = this.#context;
    let counted = 0;
    let acknowledged = 0;
    let unknown = 0;
    let unread = 0;
    await inParallel({ count: this.#ledgers.length, width: loadLimits.loadDepth, stop }, async (counter) => {
      const ledger = this.#ledger(counter);
      const result = await persist({ clock, stop, deadlineMs }, (attempt) =>
        this.#load(regionFor(regions, { job: counter, attempt }), counter),
      );
      onChecked(1);
      if (!result.ok) {
        unread++;
        if (result.code === 'page-lost') ledger.lost = true;
        note(`counter ${counter} could not be read at the end (${result.code}); its ${count(ledger.acknowledged)} increments are left out`);
        return;
      }
      const raised = this.#sinceFirst(counter, result.value);
      const problem = ledger.settle(raised);
      verdict.check(problem && `counter ${counter} ${problem}`);
      counted += raised;
      acknowledged += ledger.acknowledged;
      unknown += ledger.unknown;
    });
    const fate = unknown > 0 ? ` (and ${count(unknown)} of unknown outcome)` : '';
    const total = `${count(this.#ledgers.length - unread)} counters: ${count(acknowledged)} increments acknowledged${fate}, ${count(counted)} counted`;
    return `${total}; ${count(verdict.checks)} checks, ${count(verdict.wrong)} wrong`;
  }

  setAside(): number {
    return this.#ledgers.filter((ledger) => ledger.lost).length;
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
