import { type Client, type ClientRegion, connect } from '@pagewire/client';
import type { Wanted } from '@pagewire/test';
import type { Findings } from '../findings.js';
import { Random } from '../random.js';
import type { Samples } from '../samples.js';
import { CounterCell, PageCell, pageBytes } from './standing-cells.js';
import { survivableCode, Tallies } from './tallies.js';

/** Places of one region, and how many of them are in use at a time: the others take the place of those that are lost. */
const regionPages = 512;
const activeCounters = 8;
const activePages = 24;
const counterLanes = 2;
const pageLanes = 2;
const pauseMs = 15;
const pauseAfterFailureMs = 60;

export interface StandingSettings {
  readonly nodes: readonly { readonly name: string; readonly url: string }[];
  readonly seed: number;
  /** How long a write of unknown outcome may still take effect. */
  readonly aftermathMs: number;
  readonly findings: Findings;
  readonly samples: Samples;
}

interface Seat {
  readonly name: string;
  readonly client: Client;
  readonly regions: ClientRegion[];
}

/** Which region a cell lies in. */
interface Placed<C> {
  readonly region: number;
  readonly cell: C;
}

/**
 * A load that lasts as long as the run, with one client for each node: counters, and pages of versions. It knows every location and what was
 * acknowledged for it, so that at the end all of them can be read through every node.
 */
export class Standing {
  readonly tallies = new Tallies();
  readonly #settings: StandingSettings;
  readonly #random: Random;
  readonly #seats: Seat[] = [];
  readonly #counters: Placed<CounterCell>[] = [];
  readonly #pages: Placed<PageCell>[] = [];
  #used = 0;
  #regions = 0;
  #opening: Promise<void> | undefined;
  #stopped = false;
  #running: Promise<unknown> | undefined;

  constructor(settings: StandingSettings) {
    this.#settings = settings;
    this.#random = new Random(settings.seed ^ 0x5f3759df);
  }

  get lost(): number {
    return [...this.#counters, ...this.#pages].filter(({ cell }) => cell.lost).length;
  }

  get locations(): number {
    return this.#counters.length + this.#pages.length;
  }

  async start(): Promise<void> {
    for (const { name, url } of this.#settings.nodes) {
      const client = await connect(url, { link: { resumeMs: 1500 } });
      this.#seats.push({ name, client, regions: [] });
    }
    await this.#openRegion();
    this.#running = Promise.all(
      this.#seats.flatMap((seat) => [
        ...Array.from({ length: counterLanes }, () => this.#lane(() => this.#count(seat))),
        ...Array.from({ length: pageLanes }, () => this.#lane(() => this.#page(seat))),
      ]),
    );
  }

  /** Resolves when every operation has ended; each client's own deadline bounds that. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** A region that many have used: for clients that only ask. */
  get used(): Wanted | undefined {
    return this.#regions === 0 ? undefined : { name: `standing-${this.#regions}`, bytes: regionPages * pageBytes };
  }

  /** Reads every location through every node. All must agree, with each other and with what was acknowledged. */
  async verify(): Promise<number> {
    let reads = 0;
    for (const { region, cell } of this.#counters) {
      reads += await this.#everywhere(cell, region, 4, (bytes) => {
        const value = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
        return { text: String(value), problem: cell.settled(value) };
      });
    }
    for (const { region, cell } of this.#pages) {
      reads += await this.#everywhere(cell, region, pageBytes, (bytes) => {
        const version = new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true);
        return { text: `version ${version}`, problem: cell.seen(bytes, cell.floor) };
      });
    }
    return reads;
  }

  /** What is still under way ends with its client. */
  async close(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#seats.map(({ client }) => client.close()));
  }

  async #everywhere(
    cell: CounterCell | PageCell,
    region: number,
    length: number,
    judge: (bytes: Uint8Array) => { readonly text: string; readonly problem: string | undefined },
  ): Promise<number> {
    const answers = await Promise.all(
      this.#seats.map(async ({ name, regions }) => {
        try {
          const bytes = await regions[region]?.read(cell.offset, length);
          const { text, problem } = judge(bytes ?? new Uint8Array(length));
          if (problem !== undefined) this.#settings.findings.add(`final read through ${name}: ${problem}`);
          return text;
        } catch (error) {
          const code = survivableCode(error);
          if (code === 'page-lost') cell.lost = true;
          else this.#settings.findings.add(`final read of page ${cell.page} through ${name} failed: ${String(error)}`);
          return String(code);
        }
      }),
    );
    if (new Set(answers).size > 1) this.#settings.findings.add(`nodes do not agree on page ${cell.page}: ${answers.join(', ')}`);
    return answers.length;
  }

  async #lane(operate: () => Promise<boolean>): Promise<void> {
    while (!this.#stopped) {
      const went = await operate();
      await new Promise((resolve) => setTimeout(resolve, went ? pauseMs : pauseAfterFailureMs));
    }
  }

  async #count(seat: Seat): Promise<boolean> {
    const placed = this.#pick(activeCounters, this.#counters, seat);
    if (placed === undefined) return this.#add(activeCounters, this.#counters, (page) => new CounterCell(page));
    const { cell, region } = placed;
    return this.#observed(seat, cell, async () => {
      const { floor } = cell;
      if (this.#random.chance(0.2)) {
        const value = await seat.regions[region]?.atomics.load('int32', cell.offset);
        return cell.seen(value ?? 0, floor);
      }
      return this.#increment(seat, placed, floor);
    });
  }

  async #increment(seat: Seat, { cell, region }: Placed<CounterCell>, floor: number): Promise<string | undefined> {
    let code = 'bug';
    try {
      const before = await seat.regions[region]?.atomics.add('int32', cell.offset, 1);
      code = 'ok';
      return cell.seen((before ?? 0) + 1, floor + 1);
    } catch (error) {
      code = survivableCode(error) ?? 'bug';
      throw error;
    } finally {
      // The tally takes everything but `ok` and `outcome-unknown` for what did not happen; only these two codes promise that.
      const happened = code === 'ok' || code === 'overloaded' || code === 'page-lost' ? code : 'outcome-unknown';
      cell.tally.note(happened);
    }
  }

  async #page(seat: Seat): Promise<boolean> {
    const placed = this.#pick(activePages, this.#pages, seat);
    if (placed === undefined) return this.#add(activePages, this.#pages, (page) => new PageCell(page));
    const { cell, region } = placed;
    const handle = seat.regions[region];
    if (handle === undefined) return false;
    if (!cell.mayWrite(performance.now()) || this.#random.chance(0.5)) {
      return this.#observed(seat, cell, async () => {
        const { floor } = cell;
        return cell.seen(await handle.read(cell.offset, pageBytes), floor);
      });
    }
    const bytes = cell.begin();
    return this.#observed(seat, cell, async () => {
      let outcome: 'ok' | 'failed' = 'failed';
      try {
        await handle.write(cell.offset, bytes);
        outcome = 'ok';
      } finally {
        cell.ended(outcome, performance.now() + this.#settings.aftermathMs);
      }
      return undefined;
    });
  }

  /** Does one operation and accounts for what came of it. False when it failed. */
  async #observed(seat: Seat, cell: CounterCell | PageCell, operate: () => Promise<string | undefined>): Promise<boolean> {
    const startMs = performance.now();
    let code = 'ok';
    try {
      const problem = await operate();
      if (problem !== undefined) this.#settings.findings.add(`client of ${seat.name}: ${problem}`);
    } catch (error) {
      code = survivableCode(error) ?? 'bug';
      if (code === 'bug') this.#settings.findings.add(`client of ${seat.name}, page ${cell.page}: ${String(error)}`);
      if (code === 'page-lost') cell.lost = true;
    }
    this.tallies.note(code);
    this.#settings.samples.note({ member: seat.name, startMs, endMs: performance.now(), ok: code === 'ok' });
    return code === 'ok';
  }

  /** One of the cells in use that this client has open; nothing when one that was lost is to be replaced. */
  #pick<C extends CounterCell | PageCell>(wanted: number, placed: readonly Placed<C>[], { regions }: Seat): Placed<C> | undefined {
    const usable = placed.filter(({ cell, region }) => !cell.lost && region < regions.length);
    return usable.length < wanted && this.#opening === undefined ? undefined : this.#random.pick(usable.length > 0 ? usable : placed);
  }

  async #add<C extends CounterCell | PageCell>(wanted: number, placed: Placed<C>[], make: (page: number) => C): Promise<boolean> {
    while (placed.filter(({ cell }) => !cell.lost).length < wanted) {
      if (this.#used === regionPages) {
        this.#opening ??= this.#openRegion();
        await this.#opening;
        return true;
      }
      placed.push({ region: this.#regions - 1, cell: make(this.#used) });
      this.#used += 1;
    }
    return true;
  }

  /** Opens the next region through every client. One that cannot now tries until it can, or the run is over. */
  async #openRegion(): Promise<void> {
    const name = `standing-${this.#regions + 1}`;
    await Promise.all(
      this.#seats.map(async ({ client, regions }) => {
        for (;;) {
          try {
            regions.push(await client.region(name, { bytes: regionPages * pageBytes, pageBytes }));
            return;
          } catch (error) {
            if (survivableCode(error) === undefined) throw error;
            if (this.#stopped) return;
            await new Promise((resolve) => setTimeout(resolve, 200));
          }
        }
      }),
    );
    this.#regions += 1;
    this.#used = 0;
    this.#opening = undefined;
  }
}
