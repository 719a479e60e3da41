import type { Failure } from '../layer.js';
import { codeOf, showError } from './errors-of-processes.js';
import { cellOffset, pageBytes } from './plan.js';
import { regionName, sleep } from './program.js';
import type { ClientProcess, NodeProcess, SimulatedCluster } from './simulated-cluster.js';
import type { SimulatedProcess } from './simulated-process.js';

/** What is looked at when everything is done. */
export interface Rest {
  readonly cluster: SimulatedCluster;
  readonly nodes: number;
  /** The present life of a node, if it has one. */
  life(node: number): NodeProcess | undefined;
  readonly clients: readonly ClientProcess[];
  readonly pages: number;
  isLost(page: number): boolean;
  broken(failure: Failure): void;
}

const joiningMs = 30_000;
const readingMs = 30_000;
const leavingMs = 30_000;
/** Longer than every timer that is not needed any more may go on running. */
const quietMs = 150_000;

/** Every node can read and write everything that is not lost; then all leave, and nothing stays behind. */
export async function checkRest(rest: Rest): Promise<void> {
  const { cluster, clients, broken } = rest;
  const numbers = Array.from({ length: rest.nodes }, (_, index) => index + 1);
  const isLive = (number: number): boolean => {
    const life = rest.life(number);
    return life?.node?.state === 'live' && !life.leaving;
  };
  await cluster.time.run(cluster.time.now + joiningMs, () => numbers.every(isLive));
  for (const number of numbers.filter((each) => !isLive(each))) {
    const state = rest.life(number)?.node?.state ?? 'not back';
    broken({ kind: 'I6', what: `n${number} is ${state} long after the last fault (I6)` });
  }
  const lives = numbers.flatMap((number) => rest.life(number) ?? []);
  await finish(rest, 'reads everything', readingMs, lives, (life) => readAll(life, rest));
  for (const { process, client } of clients) process.schedule(cluster.time.now, () => void client?.close());
  const lostBefore = lostPages(rest);
  await finish(rest, 'leaves', leavingMs, lives, async ({ node }) => node?.close());
  // Everything is given back before anybody goes.
  if (lostPages(rest) > lostBefore)
    broken({ kind: 'I8', what: `${lostPages(rest) - lostBefore} pages are lost when all leave in good order (I8)` });
  const { coordinator } = cluster;
  if (coordinator === undefined || cluster.time.stopped) return;
  const { shared, exclusive, busy } = coordinator.status().pages;
  if (shared + exclusive + busy > 0) {
    broken({
      kind: 'I7',
      what: `everybody has left, and the home records ${shared} shared, ${exclusive} exclusive and ${busy} busy pages (I7)`,
    });
  }
  cluster.coordinatorProcess?.schedule(cluster.time.now, () => void coordinator.close());
  await cluster.time.run(cluster.time.now + quietMs);
  for (const process of cluster.processes) checkQuiet(process, broken);
}

const lostPages = ({ pages, isLost }: Rest): number =>
  Array.from({ length: pages }, (_, page) => page).filter((page) => isLost(page)).length;

function checkQuiet(process: SimulatedProcess, broken: Rest['broken']): void {
  if (!process.alive || process.timers === 0) return;
  broken({ kind: 'leak', what: `${process.name} was closed, and has ${process.timers} timers` });
}

/** Lets every node do something in its own process, and waits for all. */
async function finish(
  { cluster, broken }: Rest,
  what: string,
  withinMs: number,
  lives: readonly NodeProcess[],
  work: (life: NodeProcess) => Promise<void>,
): Promise<void> {
  const unfinished = new Set(lives);
  for (const life of lives) {
    life.process.schedule(cluster.time.now, () => {
      work(life).then(
        () => unfinished.delete(life),
        (error: unknown) => broken({ kind: 'rest', what: `${life.process.name} ${what} and fails: ${showError(error)}` }),
      );
    });
  }
  await cluster.time.run(cluster.time.now + withinMs, () => unfinished.size === 0);
  for (const { process } of unfinished) broken({ kind: 'I6', what: `${process.name} ${what}, and does not get done (I6)` });
}

async function readAll({ node, process }: NodeProcess, { pages, isLost }: Rest): Promise<void> {
  if (node === undefined) throw new Error('it has never joined');
  const region = await untilDone(process, () => node.region(regionName, { bytes: pages * pageBytes, pageBytes }));
  for (let page = 0; page < pages; page += 1) {
    try {
      await untilDone(process, () => region.atomics.add('int32', cellOffset(page, 0), 1));
      await untilDone(process, () => region.read(page * pageBytes, pageBytes));
    } catch (error) {
      if (codeOf(error) !== 'page-lost' || !isLost(page)) throw error;
    }
  }
}

/**
 * A connection that was broken without a word may be noticed only now, and a lease that is shorter than that runs out meanwhile: then the
 * call is made again. Who waits for it bounds how long.
 */
async function untilDone<T>(process: SimulatedProcess, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'timeout' && code !== 'fenced') throw error;
      await sleep(process, 10);
    }
  }
}
