import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import type { Team } from './team.js';
import { ThreadBarrier } from './thread-barrier.js';
import type { ThreadAnswer, ThreadRequest, ThreadStart } from './thread-messages.js';

/** This thread as a member of a team of threads: memory is a plain SharedArrayBuffer. */
export class ThreadTeam implements Team {
  readonly rank: number;
  readonly size: number;
  readonly #barrier: ThreadBarrier;
  readonly #process: MessagePort;

  constructor({ rank, size, barrier }: ThreadStart, process: MessagePort) {
    this.rank = rank;
    this.size = size;
    this.#barrier = new ThreadBarrier(barrier, size);
    this.#process = process;
  }

  async share(name: string, bytes: number): Promise<SharedArrayBuffer> {
    const answer = await this.#ask({ kind: 'share', name, bytes });
    if (answer.kind !== 'shared') throw new Error(`memory "${name}" was shared as a WebAssembly.Memory before`);
    return answer.buffer;
  }

  async shareMemory(name: string, bytes: number): Promise<WebAssembly.Memory> {
    const answer = await this.#ask({ kind: 'share-memory', name, bytes });
    if (answer.kind !== 'shared-memory') throw new Error(`memory "${name}" was shared as a SharedArrayBuffer before`);
    return answer.memory;
  }

  async barrier(): Promise<void> {
    this.#barrier.arrive();
  }

  traffic(): undefined {
    return undefined;
  }

  async #ask(request: ThreadRequest): Promise<ThreadAnswer> {
    const answered = once(this.#process, 'message');
    this.#process.postMessage(request);
    // The process sends answers to requests and nothing else.
    const [answer] = (await answered) as [ThreadAnswer];
    return answer;
  }
}
