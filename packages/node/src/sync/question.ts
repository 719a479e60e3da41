import { PagewireError, type SyncReply } from '@pagewire/protocol';
import { Deferred } from '../deferred.js';
import type { Asker, NewRequest, SyncRequests } from './sync-requests.js';

/** What a question needs beside its request. */
export interface QuestionTerms<T> {
  /** What is waited for, for people. */
  readonly what: string;
  /** `Infinity`: as long as it takes. */
  readonly timeoutMs: number;
  /** What the answer means. `undefined` for one that a request of this kind cannot have. */
  take(reply: SyncReply): T | undefined;
  /** Undoes what was obtained when nobody wants it any more. */
  unwanted?(value: T): void;
}

/** A request with one answer, which it may have to wait for. */
export class Question<T> implements Asker {
  readonly #requests: SyncRequests;
  readonly #terms: QuestionTerms<T>;
  readonly #outcome = new Deferred<T>();
  readonly #id: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped: PagewireError | undefined;

  /** Throws what the request fails with at once. */
  constructor(requests: SyncRequests, request: NewRequest, terms: QuestionTerms<T>) {
    this.#requests = requests;
    this.#terms = terms;
    this.#id = requests.ask(request, this);
    const { timeoutMs } = terms;
    if (timeoutMs === 0) this.#requests.cancel(this.#id);
    // Sending it may have ended the membership, and with it this question.
    else if (timeoutMs < Number.POSITIVE_INFINITY && requests.waits(this.#id))
      this.#timer = setTimeout(() => this.#requests.cancel(this.#id), timeoutMs);
  }

  get answer(): Promise<T> {
    return this.#outcome.promise;
  }

  get id(): number {
    return this.#id;
  }

  replied(reply: SyncReply): void {
    clearTimeout(this.#timer);
    const { what, timeoutMs, take, unwanted } = this.#terms;
    if (reply.kind === 'denied') return this.#outcome.reject(new PagewireError(reply.code, reply.message));
    const stopped = this.#stopped && new PagewireError(this.#stopped.code, `${what}: ${this.#stopped.message}`);
    if (reply.kind === 'cancelled') return this.#outcome.reject(stopped ?? timedOut(what, timeoutMs));
    const value = take(reply);
    if (value === undefined) {
      const message = `the coordinator answered a request for ${what} with "${reply.kind}"; it may be another version of pagewire`;
      return this.#outcome.reject(new PagewireError('protocol-violation', message));
    }
    if (stopped === undefined || unwanted === undefined) return this.#outcome.resolve(value);
    unwanted(value);
    this.#outcome.reject(stopped);
  }

  failed(error: PagewireError): void {
    clearTimeout(this.#timer);
    this.#outcome.reject(new PagewireError(error.code, `${this.#terms.what}: ${error.message}`, { cause: error }));
  }

  stop(error: PagewireError): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = error;
    this.#requests.cancel(this.#id);
  }
}

const timedOut = (what: string, timeoutMs: number): PagewireError =>
  new PagewireError('timeout', `${what} was not to be had within ${timeoutMs} ms; try again, or allow more time with timeoutMs`);
