import { millis, type PagewireError } from '@pagewire/protocol';
import { mappedIn } from './memories.js';
import { PagerWorld, type WorldNode, type WorldOptions } from './pager-world.js';
import { PlainThread } from './plain-thread.js';

/** How long a thread may wait for a page. */
export const timeoutMs = 15_000;

/** Whole pagers over mapped memory that serve plain accesses of real threads. The test's thread is the pagers' and touches no window. */
export class PlainWorld {
  readonly world: PagerWorld;
  /** Why a process would have had to end. */
  readonly unservable: PagewireError[] = [];
  readonly #threads: PlainThread[] = [];

  constructor(options: Omit<WorldOptions, 'memory'> & { readonly pageBytes: number }) {
    this.world = new PagerWorld({ ...options, memory: mappedIn(options.pageBytes) });
    for (const node of this.world.nodes) this.#serve(node);
  }

  node(index: number): WorldNode {
    return this.world.node(index);
  }

  /** A thread of the node's program, with a window of its own of the whole region or of a part. */
  thread(node: number, range = { offset: 0, bytes: this.world.record.bytes }): PlainThread {
    const thread = new PlainThread(this.node(node).paged.memory.map(range).buffer);
    this.#threads.push(thread);
    return thread;
  }

  /** Delivers messages, and lets time pass as it does, until `promise` has ended; gives its outcome. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    promise.then(end, end);
    const deadline = performance.now() + timeoutMs;
    while (!ended) {
      if (performance.now() > deadline) throw new Error(`still waiting; unservable: ${this.unservable.map(String).join('; ')}`);
      await this.turn();
    }
    return promise;
  }

  /** One turn of the event loop. */
  async turn(): Promise<void> {
    this.world.now = millis(performance.now());
    await this.world.deliver();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    for (const { paged, pager } of this.world.nodes) {
      pager.end({ code: 'closed', message: 'the test is over' });
      // A thread that waits must go on to be stopped.
      for (const index of Array(this.#threads.length === 0 ? 0 : Math.min(paged.memory.pageCount, 64)).keys()) {
        paged.memory.stage(index, 'zero');
        paged.memory.permit(index, 'exclusive');
      }
      paged.memory.flush();
    }
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  #serve({ pager, memory, paged }: WorldNode): void {
    const serving = {
      pager,
      timeoutMs,
      now: () => this.world.now,
      guard: (work: () => void) => work(),
      unservable: (error: PagewireError) => this.unservable.push(error),
    };
    memory.serve(serving)(paged);
  }
}
