import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { World } from './world.js';

/** How a page is taken from the running writers: all of its steps, in the order in which they are made. */
export type Taking = readonly ('protect' | 'copy' | 'drop' | 'wake')[];

export interface Toll {
  readonly increments: number;
  readonly lost: number;
  readonly taken: number;
}

const garbage = 0xa5;
/** Turns of the event loop between two takes, on average: with none, a page would be gone again before its writer gets to write. */
const turnsPerTake = 4;

/** What writers and torturer tell each other, in plain shared memory. */
const word = { stop: 0, increments: 1 } as const;

/** A small xorshift generator, so that a run has a seed. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/**
 * Serves writer threads while it takes pages from them at random. A page that is taken goes elsewhere: its frame is overwritten with
 * garbage, and a fault brings the copy back.
 */
class Pages {
  readonly #world: World;
  readonly #copies: (Uint8Array | undefined)[];
  taken = 0;

  constructor(world: World, pages: number) {
    this.#world = world;
    this.#copies = new Array(pages).fill(undefined);
  }

  take(page: number, taking: Taking): void {
    if (this.#copies[page]) return;
    const { userfaultfd } = this.#world;
    const range = this.#world.pages(page);
    const frame = this.#frame(page);
    let copy = frame;
    const steps = {
      protect: () => userfaultfd.protect(range),
      copy: () => {
        copy = frame.slice();
      },
      drop: () => userfaultfd.drop(range),
      wake: () => userfaultfd.wake(range),
    };
    for (const step of taking) steps[step]();
    frame.fill(garbage);
    this.#copies[page] = copy;
    this.taken++;
  }

  /** Reads install a page readonly now and then, so that writers meet every kind of fault. */
  serve(page: number, kind: string, writable: boolean): void {
    this.restore(page);
    const range = this.#world.pages(page);
    if (kind === 'write-protected') this.#world.userfaultfd.install(range, true);
    else this.#world.userfaultfd.install(range, writable);
  }

  restore(page: number): void {
    const copy = this.#copies[page];
    if (copy) this.#frame(page).set(copy);
    this.#copies[page] = undefined;
  }

  #frame(page: number): Uint8Array {
    return this.#world.alias.view(page * this.#world.pageBytes, this.#world.pageBytes);
  }
}

/** Two writers increment counters on all pages until at least `takes` pages were taken and as many increments made; then every counter is compared with what they did. */
export async function torture(world: World, options: { pages: number; takes: number; taking: Taking; seed: number }): Promise<Toll> {
  const { pages, takes, taking, seed } = options;
  const random = randomNumbers(seed);
  const table = new Pages(world, pages);
  const control = new Int32Array(new SharedArrayBuffer(8));
  const faultOn = (page: number, kind: string, write: boolean) => table.serve(page, kind, write && random(2) === 0);
  const listener = world.userfaultfd.listen((address, kind, write) => faultOn(world.pageOf(address), kind, write));
  world.frames.fill(0);
  const writers = [1, 2].map((ownWord) => startWriter(world, { pages, ownWord, seed: seed + ownWord, control }));
  await takeAtRandom(() => {
    if (random(turnsPerTake) === 0) table.take(random(pages), taking);
    return table.taken >= takes && Atomics.load(control, word.increments) >= takes;
  });
  Atomics.store(control, word.stop, 1);
  const done = await Promise.all(writers);
  listener.close();
  for (let page = 0; page < pages; page++) table.restore(page);
  return { ...count(world, pages, done), taken: table.taken };
}

/** What one writer did: its increments on each page. */
async function startWriter(
  world: World,
  options: { pages: number; ownWord: number; seed: number; control: Int32Array },
): Promise<{ ownWord: number; increments: Int32Array }> {
  const workerData = { ...options, buffer: world.app.buffer, pageWords: world.pageBytes / 4 };
  const worker = new Worker(new URL('./programs/incrementer.mjs', import.meta.url), { workerData });
  const [increments] = await once(worker, 'message');
  await worker.terminate();
  return { ownWord: options.ownWord, increments };
}

/** Once in each turn of the event loop, so that faults are served in between. */
function takeAtRandom(turn: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const next = () => {
      if (turn()) resolve();
      else setImmediate(next);
    };
    setImmediate(next);
  });
}

function count(world: World, pages: number, done: readonly { ownWord: number; increments: Int32Array }[]): Omit<Toll, 'taken'> {
  const frames = world.frames;
  let increments = 0;
  let lost = 0;
  for (let page = 0; page < pages; page++) {
    let onPage = 0;
    for (const writer of done) {
      const own = writer.increments[page] ?? 0;
      onPage += own;
      lost += Math.abs(own - (frames[world.word(page) + writer.ownWord] ?? 0));
    }
    increments += onPage;
    lost += Math.abs(onPage - (frames[world.word(page)] ?? 0));
  }
  return { increments, lost };
}
