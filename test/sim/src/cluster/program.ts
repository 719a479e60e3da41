import type { Region } from '@pagewire/node';
import type { RegionAccess } from '@pagewire/protocol';
import { codeOf } from './errors-of-processes.js';
import { type Performer, perform } from './operations.js';
import { type Lane, type PlannedOperation, pageBytes } from './plan.js';
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
    await this.#run(process, () => this.#performer(process, region, on));
  }

  async onClient({ process, client }: ClientProcess): Promise<void> {
    if (client === undefined) throw new Error('a program starts when its client has connected');
    const region = await openRegion(() => client.region(regionName, this.#shape), process);
    await this.#run(process, () => this.#performer(process, region, undefined));
  }

  get #shape(): { readonly bytes: number; readonly pageBytes: number } {
    return { bytes: this.#context.pages * pageBytes, pageBytes };
  }

  #performer(process: SimulatedProcess, access: RegionAccess, node: Performer['node']): Performer {
    const context = this.#context;
    return {
      access,
      node,
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
    for (let operation = this.#operations[this.#next]; operation !== undefined; operation = this.#operations[this.#next]) {
      await sleep(process, this.#context.hurry ? 0 : operation.thinkMs);
      if (!process.alive) return;
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
