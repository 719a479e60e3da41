import type { RecordedProcess, RecordedRegion, WitnessedRegion } from '@pagewire/history';
import type { Region } from '@pagewire/node';
import type { RegionAccess } from '@pagewire/protocol';
import { codeOf } from './errors-of-processes.js';
import { type Performer, perform } from './operations.js';
import { type Lane, type PlannedOperation, pageBytes, type Recorded } from './plan.js';
import type { ClientProcess, NodeProcess } from './simulated-cluster.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SyncGhosts } from './sync-ghosts.js';
import type { WakeUpGhosts } from './wake-up-ghosts.js';

export const regionName = 'cells';

/** What all programs of a run share. */
export interface ProgramContext {
  readonly pages: number;
  readonly without: ReadonlySet<number>;
  readonly sync: SyncGhosts;
  readonly wakeUps: WakeUpGhosts;
  now(): number;
  readonly isLost: (page: number) => boolean;
  readonly recorded: Recorded | undefined;
  /** A new process of the history, for one life of a program; nothing where none is recorded. */
  record(name: string): RecordedProcess | undefined;
  fresh(): number;
  /** The faults are over: nobody dawdles any more. */
  readonly hurry: boolean;
  began(program: Program, operation: PlannedOperation): void;
  /** `error` is what the call was rejected with; nothing when it was not. */
  ended(program: Program, operation: PlannedOperation, error: unknown): void;
}

/** Runs the operations of one lane, one after the other; after a death of its process it goes on in the next life. */
export class Program {
  readonly lane: Lane;
  readonly name: string;
  readonly #context: ProgramContext;
  readonly #operations: readonly PlannedOperation[];
  #next = 0;
  /** The operation under way. */
  current: PlannedOperation | undefined;

  constructor(lane: Lane, number: number, context: ProgramContext) {
    this.lane = lane;
    this.name = `${lane.on === 'node' ? 'n' : 'c'}${lane.index}.${number}`;
    this.#context = context;
    this.#operations = lane.operations.filter(({ part }) => !context.without.has(part));
  }

  get done(): boolean {
    return this.#next >= this.#operations.length && this.current === undefined;
  }

  async onNode({ process, node }: NodeProcess): Promise<void> {
    if (node === undefined) throw new Error('a program starts when its node has joined');
    let region = await openRegion(() => node.region(regionName, this.#shape), process);
    const on = {
      node,
      get region(): Region {
        return region;
      },
      reopen: async (): Promise<void> => {
        await region.close();
        region = await node.region(regionName, this.#shape);
      },
    };
    const ways = this.#ways();
    await this.#run(process, () => this.#performer(process, { ...ways(region), node: on }));
  }

  async onClient({ process, client }: ClientProcess): Promise<void> {
    if (client === undefined) throw new Error('a program starts when its client has connected');
    const region = await openRegion(() => client.region(regionName, this.#shape), process);
    const ways = this.#ways();
    await this.#run(process, () => this.#performer(process, { ...ways(region), node: undefined }));
  }

  /** Most operations avoid pages that are lost: after a death there would be little left to see. */
  #whereItCan(operation: PlannedOperation): PlannedOperation {
    const { pages, isLost } = this.#context;
    if (operation.part % 8 === 0 || !isLost(operation.page)) return operation;
    for (let page = 0; page < pages; page += 1) if (!isLost(page)) return { ...operation, page, pages: 1 };
    return operation;
  }

  get #shape(): { readonly bytes: number; readonly pageBytes: number } {
    return { bytes: this.#context.pages * pageBytes, pageBytes };
  }

  /** Gives the ways into a region, with one recorded process for all that this life of the program opens. */
  #ways(): (region: RegionAccess & WitnessedRegion) => Pick<Performer, 'access' | 'cells' | 'records'> {
    const process = this.#context.record(this.name);
    let last: { readonly region: WitnessedRegion; readonly recorded: RecordedRegion } | undefined;
    return (region) => {
      if (process === undefined) return { access: region, cells: region.atomics, records: undefined };
      if (last?.region !== region) last = { region, recorded: process.over(region) };
      const { recorded } = last;
      const ofPages = this.#context.recorded === 'pages';
      return { access: region, cells: ofPages ? region.atomics : recorded.atomics, records: ofPages ? recorded : undefined };
    };
  }

  #performer(process: SimulatedProcess, to: Pick<Performer, 'access' | 'cells' | 'records' | 'node'>): Performer {
    const context = this.#context;
    return {
      ...to,
      sync: context.sync,
      wakeUps: context.wakeUps,
      hurry: context.hurry,
      now: () => context.now(),
      fresh: () => context.fresh(),
      sleep: (ms) => sleep(process, context.hurry ? 1 : ms),
    };
  }

  async #run(process: SimulatedProcess, performer: () => Performer): Promise<void> {
    // What was under way when an earlier life ended is over.
    this.current = undefined;
    for (let planned = this.#operations[this.#next]; planned !== undefined; planned = this.#operations[this.#next]) {
      await sleep(process, this.#context.hurry ? 0 : planned.thinkMs);
      if (!process.alive) return;
      const operation = this.#whereItCan(planned);
      this.#next += 1;
      this.current = operation;
      this.#context.began(this, operation);
      const error = await perform(operation, performer()).then(
        () => undefined,
        (thrown: unknown) => thrown ?? new Error('rejected with nothing'),
      );
      if (!process.alive) return;
      this.current = undefined;
      this.#context.ended(this, operation, error);
    }
  }
}

const openAgainMs = 20;

/** Opens the region as soon as the node can. */
async function openRegion<T>(open: () => Promise<T>, process: SimulatedProcess): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      await sleep(process, openAgainMs);
    }
  }
}

const isOperatingError = (error: unknown): boolean => codeOf(error) !== undefined;

export const sleep = (process: SimulatedProcess, ms: number): Promise<void> =>
  new Promise((resolve) => void process.globals.setTimeout(resolve, ms));
