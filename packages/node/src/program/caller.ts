import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { InvariantError, isErrorCode, PagewireError } from '@pagewire/protocol';
import { Deferred } from '../deferred.js';
import type { Answer, FromPager, ObjectNumber, StateNotice } from './calls.js';
import type { SharedState } from './shared-state.js';

/** How long the pager's thread may take to answer a call that this thread stands still for. */
const patienceMs = 10_000;

/** The program's thread's end of the wire to the pager's thread: calls go out in order, answers come when they do. */
export class Caller {
  readonly #port: MessagePort;
  readonly #shared: SharedState;
  readonly #onState: (notice: StateNotice) => void;
  readonly #pending = new Map<number, Deferred<Answer>>();
  #calls = 0;
  #ended: PagewireError | undefined;

  constructor(port: MessagePort, shared: SharedState, onState: (notice: StateNotice) => void) {
    this.#port = port;
    this.#shared = shared;
    this.#onState = onState;
    port.on('message', (message: FromPager) => this.#received(message));
  }

  /** What the thread says of its start, which nobody asks for. */
  async answerToStart<T>(): Promise<T> {
    const answer = new Deferred<Answer>();
    this.#pending.set(0, answer);
    // What a start answers is written down in `calls.ts`, for both threads.
    return outcomeOf(await answer.promise) as T;
  }

  /** Resolves with what `method` of object `on` answers, or rejects as it does. `moved` buffers are this thread's no more. */
  async call<T>(on: ObjectNumber, method: string, args: readonly unknown[], moved: readonly ArrayBuffer[] = []): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended;
    const answer = new Deferred<Answer>();
    try {
      this.#pending.set(this.#send(on, method, args, moved), answer);
    } catch (cause) {
      throw new PagewireError('bad-argument', `${method}: an argument is of no type that it takes`, { cause });
    }
    // The error is made here, so that its stack shows who called. What a method answers is written down in `calls.ts`, for both threads.
    return outcomeOf(await answer.promise) as T;
  }

  /** The same for what must be had before this thread goes on. */
  callNow<T>(on: ObjectNumber, method: string, args: readonly unknown[]): T {
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#send(on, method, args, []);
    for (;;) {
      const seen = this.#shared.answers;
      const received = receiveMessageOnPort(this.#port);
      if (received !== undefined) {
        // Both ends of the port belong to this package.
        const message = received.message as FromPager;
        if (message.kind !== 'state' && message.id === id) return outcomeOf(message) as T;
        this.#received(message);
      } else if (!this.#shared.waitForAnswer(seen, patienceMs)) {
        throw new InvariantError(`the pager's thread did not answer ${method} within ${patienceMs} ms`);
      }
    }
  }

  /** What every call fails with from now on, if there is such a thing. */
  get ended(): PagewireError | undefined {
    return this.#ended;
  }

  /** Every call that is still to come fails with `error`; those that were made are answered. */
  shut(error: PagewireError): void {
    this.#ended ??= error;
  }

  /** Every call fails with `error`, but for those whose answer has come. */
  end(error: PagewireError): void {
    this.#ended ??= error;
    // What the thread said last, a reason for its end perhaps, may have come and not been looked at yet.
    for (let last = receiveMessageOnPort(this.#port); last !== undefined; last = receiveMessageOnPort(this.#port)) {
      // Both ends of the port belong to this package.
      this.#received(last.message as FromPager);
    }
    for (const answer of this.#pending.values()) answer.reject(error);
    this.#pending.clear();
    this.#port.close();
  }

  #send(on: ObjectNumber, method: string, args: readonly unknown[], moved: readonly ArrayBuffer[]): number {
    this.#calls += 1;
    this.#port.postMessage({ id: this.#calls, on, method, args }, [...moved]);
    return this.#calls;
  }

  #received(message: FromPager): void {
    if (message.kind === 'state') return this.#onState(message);
    this.#pending.get(message.id)?.resolve(message);
    this.#pending.delete(message.id);
  }
}

function outcomeOf(answer: Answer): unknown {
  if (answer.kind === 'done') return answer.value;
  if (isErrorCode(answer.code)) throw new PagewireError(answer.code, answer.message);
  throw new InvariantError(answer.message);
}
