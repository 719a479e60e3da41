import { type Client, type ClientRegion, connect } from '@pagewire/client';
import { exitCodes } from '@pagewire/node';
import type { BatchDone } from '../cluster/calls.js';
import { ProgramEnded } from '../cluster/mapped-program.js';
import type { TortureCluster } from '../cluster/torture-cluster.js';
import type { Findings } from '../findings.js';
import { Random } from '../random.js';
import type { Samples } from '../samples.js';
import { counters, MappedLedger, pageBytes, regionBytes } from './mapped-ledger.js';
import { survivableCode, Tallies } from './tallies.js';

const pauseMs = 10;
/** An access may wait for its page as long as `plainFaultTimeoutMs`, and a batch has several. */
const stuckMs = 60_000;
const readPatienceMs = 20_000;

/** What ends a mapped program that suffers: docs/mapped-memory.md. SIGKILL is the kernel's, which keeps its lease, or the nemesis's. */
const expectedEnds: ReadonlySet<number | string> = new Set([exitCodes['page-lost'], exitCodes.fenced, 'SIGKILL', 128 + 9]);

export interface TeamSettings {
  readonly cluster: TortureCluster;
  readonly nodeUrls: readonly string[];
  readonly seed: number;
  readonly findings: Findings;
  readonly samples: Samples;
  readonly say: (text: string) => void;
}

/**
 * Mapped programs at work in one region: they add to counters with `Atomics` and write and read pages of versions plainly. When one of them
 * ends, pages may be lost with it; then the others go on in a fresh region, after what is left of the old one was checked.
 */
export class MappedTeam {
  readonly tallies = new Tallies();
  /** How programs ended, by exit code or signal. */
  readonly ends = new Tallies();
  readonly #settings: TeamSettings;
  readonly #random: Random;
  #ledger: MappedLedger;
  #regions = 1;
  #lost = 0;
  #inspection: Promise<void> | undefined;
  #stopped = false;
  #dismissed = false;
  #inBatch = 0;
  #running: Promise<unknown> | undefined;

  constructor(settings: TeamSettings) {
    this.#settings = settings;
    this.#random = new Random(settings.seed ^ 0x2545f491);
    this.#ledger = this.#fresh();
  }

  get lost(): number {
    return this.#lost + this.#ledger.lost;
  }
  get regions(): number {
    return this.#regions;
  }
  get restarts(): number {
    return this.ends.total;
  }

  /** The programs run already. */
  start(): void {
    this.#running = Promise.all(this.#names.map((name) => this.#lane(name)));
  }

  /** Resolves when every batch has ended and every program that had ended runs again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#inspection;
  }

  /** Nothing is asked of the programs any more, and nobody minds how they end. */
  dismiss(): void {
    this.#stopped = true;
    this.#dismissed = true;
  }

  /** Reads every location of the last region through every program, and through a client of every node. Returns how many reads. */
  async verify(): Promise<number> {
    const reads = [...this.#ledger.readable];
    for (const name of this.#names) {
      // One that was at rest when the others moved on has yet to follow.
      await this.#move(name, '', this.#ledger.region);
      await this.#batch(name, { adds: 0, writes: 0, reads });
    }
    for (const url of this.#settings.nodeUrls) await this.#judge(url);
    return (reads.length + counters) * (this.#names.length + this.#settings.nodeUrls.length);
  }

  get #names(): readonly string[] {
    return this.#settings.cluster.settings.programs;
  }

  #fresh(): MappedLedger {
    return new MappedLedger(`mapped-${this.#regions}`, this.#names);
  }

  async #lane(name: string): Promise<void> {
    let ready = '';
    while (!this.#dismissed && (!this.#stopped || this.#settings.cluster.program(name)?.ended !== undefined)) {
      await this.#inspection;
      try {
        if (this.#settings.cluster.program(name)?.ended !== undefined) {
          ready = '';
          await this.#restart(name);
        }
        const { region } = this.#ledger;
        if (ready !== region) await this.#move(name, ready, region);
        ready = region;
        if (!this.#stopped) await this.#batch(name, { adds: 3, writes: 2, reads: this.#someReadable() });
      } catch (error) {
        if (this.#dismissed) return;
        await this.#failed(name, error);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** A program that was fenced without windows, or whose node could not answer in time, is asked again; one that has ended is looked after. */
  async #failed(name: string, error: unknown): Promise<void> {
    const { cluster, findings } = this.#settings;
    if (!(error instanceof ProgramEnded)) {
      const code = survivableCode(error);
      if (code !== undefined) return this.ends.note(`asked again: ${code}`);
      findings.add(`mapped program ${name}: ${String(error)}`);
      // It is of no use any more; its end is noted as any other.
      cluster.signal(name, 'SIGKILL');
      await cluster.program(name)?.untilEnded();
    }
    this.#noteEnd(name, cluster.program(name)?.ended);
    this.#inspection ??= this.#inspect().finally(() => {
      this.#inspection = undefined;
    });
  }

  async #move(name: string, from: string, to: string): Promise<void> {
    const program = this.#settings.cluster.program(name);
    if (from !== '') await program?.do({ do: 'close', region: from });
    await program?.do({ do: 'open', region: to, bytes: regionBytes });
  }

  async #restart(name: string): Promise<void> {
    const { cluster } = this.#settings;
    while (cluster.isHeld(name)) await new Promise((resolve) => setTimeout(resolve, 20));
    await cluster.startAgain(name);
  }

  #noteEnd(name: string, ended: ProgramEnded | undefined): void {
    const end = ended?.end ?? 'unknown';
    this.ends.note(String(end));
    this.#settings.say(`mapped program ${name} ended with ${end}`);
    if (!expectedEnds.has(end))
      this.#settings.findings.add(`mapped program ${name} ended with ${end}: ${ended?.errors.trim().slice(-600)}`);
  }

  #someReadable(): readonly number[] {
    return this.#random.shuffled(this.#ledger.readable).slice(0, 4);
  }

  async #batch(name: string, size: { readonly adds: number; readonly writes: number; readonly reads: readonly number[] }): Promise<void> {
    const ledger = this.#ledger;
    const begun = ledger.begin({
      adds: Array.from({ length: size.adds }, () => ({ counter: this.#random.below(counters), times: this.#random.between(1, 40) })),
      writes: this.#random.shuffled(ledger.pagesOf(name)).slice(0, size.writes),
      reads: size.reads,
    });
    const startMs = performance.now();
    const operations = begun.batch.adds.reduce((sum, { times }) => sum + times, 0) + begun.batch.writes.length + size.reads.length;
    this.#inBatch += 1;
    let ok = false;
    try {
      const done = await this.#withinReason(name, this.#settings.cluster.program(name)?.do({ do: 'batch', batch: begun.batch }));
      for (const problem of ledger.done(begun, done, this.#stopped)) this.#settings.findings.add(`mapped program ${name}: ${problem}`);
      ok = true;
    } catch (error) {
      ledger.died(begun);
      throw error;
    } finally {
      this.#inBatch -= 1;
      this.tallies.note(ok ? 'ok' : 'outcome-unknown', operations);
      this.#settings.samples.note({ member: name, startMs, endMs: performance.now(), ok });
    }
  }

  async #withinReason(name: string, work: Promise<unknown> | undefined): Promise<BatchDone> {
    let timer: NodeJS.Timeout | undefined;
    const stuck = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`a batch of ${name} did not end within ${stuckMs} ms`)), stuckMs);
    });
    try {
      // The program answers a batch with nothing else.
      return (await Promise.race([work, stuck])) as BatchDone;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Looks what is left after a program has ended; where pages are lost, settles the region and has the others go on in a fresh one. */
  async #inspect(): Promise<void> {
    while (this.#inBatch > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const [url] = this.#random.shuffled(this.#settings.nodeUrls);
    if (url === undefined) return;
    const { lost } = await this.#judge(url);
    if (lost === 0) return;
    this.#settings.say(`${lost} pages of ${this.#ledger.region} are lost; the mapped programs go on in a fresh region`);
    this.#lost += lost;
    this.#regions += 1;
    this.#ledger = this.#fresh();
  }

  /** Reads every page through one node, when nothing is under way: what is not lost must be right. */
  async #judge(url: string): Promise<{ readonly lost: number }> {
    const { findings } = this.#settings;
    const ledger = this.#ledger;
    const deadline = performance.now() + readPatienceMs;
    let client: Client | undefined;
    try {
      client = await connect(url, { connectTimeoutMs: readPatienceMs });
      const region = await client.region(ledger.region, { bytes: regionBytes, pageBytes });
      for (let page = 0; page < regionBytes / pageBytes; page += 1) {
        if ((await this.#read(region, page, deadline)) === 'lost') ledger.noteLost(page);
      }
      for (let counter = 0; counter < counters; counter += 1) await this.#judgeCounter(region, ledger, counter, deadline);
    } catch (error) {
      // A node that is cut off cannot tell; the next one that is asked can.
      if (survivableCode(error) === undefined) findings.add(`${ledger.region} could not be checked: ${String(error)}`);
    } finally {
      await client?.close();
    }
    return { lost: ledger.lost };
  }

  async #judgeCounter(region: ClientRegion, ledger: MappedLedger, counter: number, deadline: number): Promise<void> {
    const { offset } = MappedLedger.placeOf(counter);
    const value = await this.#persist(() => region.atomics.load('int32', offset), deadline);
    if (typeof value === 'number') this.#settings.findings.check(ledger.settleCounter(counter, value));
  }

  async #read(region: ClientRegion, page: number, deadline: number): Promise<'there' | 'lost'> {
    const bytes = await this.#persist(() => region.read(page * pageBytes, pageBytes), deadline);
    return bytes === 'page-lost' ? 'lost' : 'there';
  }

  /** Asks until there is an answer: a page whose holder has just ended comes, or is lost, when the lease is over. */
  async #persist<T>(ask: () => Promise<T>, deadline: number): Promise<T | 'page-lost'> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const code = survivableCode(error);
        if (code === 'page-lost') return code;
        if (code === undefined || performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}
