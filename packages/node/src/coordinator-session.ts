import {
  type CoherenceMessage,
  decodeMessage,
  type ErrorCode,
  encodeMessage,
  type FrameRef,
  type Incarnation,
  InvariantError,
  limits,
  type Member,
  type Message,
  type Millis,
  PagewireError,
  type RegionId,
  type ReplyMessage,
  type RequestMessage,
  type SyncReply,
} from '@pagewire/protocol';
import { dial, type Link, type LinkEnd, type LinkOptions } from '@pagewire/transport';
import { Deferred } from './deferred.js';

/** What the coordinator granted with a join. */
export interface JoinTerms {
  readonly cluster: string;
  readonly incarnation: Incarnation;
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  /** When the join was sent, by this node's clock. */
  readonly sentAt: Millis;
  /** How long it then waited at the coordinator, by the coordinator's clock. */
  readonly waitedMs: number;
}

/** What a session tells its owner; each call comes from the event loop, in the order in which the coordinator spoke. */
export interface SessionHandlers {
  joined(terms: JoinTerms): void;
  /** False when the node may not act on anything it is told any more (its lease is over): the message is dropped. */
  mayAct(): boolean;
  renewed(sentAt: Millis): void;
  members(members: readonly Member[]): void;
  coherence(message: CoherenceMessage): void;
  regionDeleted(region: RegionId): void;
  synchronization(reply: SyncReply): void;
  /** The membership is over; called once, and only after `joined`. */
  ended(reason: string): void;
}

export interface SessionOptions {
  readonly url: string;
  readonly name: string;
  readonly urls: readonly string[];
  readonly previous: Incarnation | undefined;
  readonly joinTimeoutMs: number;
  readonly link: Partial<LinkOptions>;
  now(): Millis;
  /** Does what came from the link. What it throws is a bug, which is not for the link. */
  guard(work: () => void): void;
  readonly handlers: SessionHandlers;
}

// `Omit` over a union keeps only the fields that all its members share, so it is applied to each.
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
/** A question to the coordinator, before it has a number. */
export type Question = WithoutId<Extract<RequestMessage, { kind: 'open-region' | 'delete-region' | 'list-regions' | 'status' }>>;

interface Pending {
  succeed(reply: ReplyMessage): void;
  fail(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

/** How long a question to the coordinator may go unanswered. */
const answerTimeoutMs = limits.faultTimeoutMs;

/** One link to the coordinator and the membership that lives on it: join, questions and answers, leave. When it ends, the membership does. */
export class CoordinatorSession {
  readonly #options: SessionOptions;
  readonly #link: Link;
  readonly #joined = new Deferred<void>();
  readonly #left = new Deferred<void>();
  readonly #pending = new Map<number, Pending>();
  readonly #joinTimer: NodeJS.Timeout;
  #state: 'joining' | 'member' | 'leaving' | 'over' = 'joining';
  #joinSentAt: Millis | undefined;
  #questions = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#joined.promise.catch(() => {});
    const { url, name, joinTimeoutMs, guard } = options;
    this.#joinTimer = setTimeout(() => this.#end('unreachable', `no answer within ${joinTimeoutMs} ms`), joinTimeoutMs);
    try {
      this.#link = dial({
        url,
        attributes: { role: 'node', name },
        link: { connectMs: joinTimeoutMs, ...options.link, maxBufferedBytes: limits.maxMemberLinkBytes },
        handlers: {
          opened: (resumed) => guard(() => this.#opened(resumed)),
          envelope: (bytes) => guard(() => this.#envelope(bytes)),
          closed: (end) => guard(() => this.#linkClosed(end)),
        },
      });
    } catch (error) {
      clearTimeout(this.#joinTimer);
      throw error;
    }
  }

  /** Resolves when the node is a member; rejects with why it could not become one. */
  get joined(): Promise<void> {
    return this.#joined.promise;
  }

  /** Does nothing once the session is over. */
  send(message: Message, frames?: (ref: FrameRef) => Uint8Array): void {
    if (this.#state !== 'over') this.#link.send(encodeMessage(message, frames));
  }

  /**
   * Resolves with what `take` makes of the answer; it is called before anything that the coordinator said later is heard. Rejects with the
   * code that the coordinator answers, or `timeout`, or `fenced` when the session ends first.
   */
  ask<T>(question: Question, take: (reply: ReplyMessage) => T): Promise<T> {
    if (this.#state !== 'member') return Promise.reject(this.#overError(question.kind));
    this.#questions += 1;
    const id = this.#questions;
    const answer = new Deferred<T>();
    const timer = setTimeout(() => {
      this.#pending.delete(id);
      answer.reject(
        new PagewireError(
          'timeout',
          `the coordinator at ${this.#options.url} did not answer ${question.kind} within ${answerTimeoutMs} ms; try again`,
        ),
      );
    }, answerTimeoutMs);
    const succeed = (reply: ReplyMessage): void => {
      try {
        answer.resolve(take(reply));
      } catch (error) {
        answer.reject(toError(error));
        if (!(error instanceof PagewireError)) throw error;
      }
    };
    this.#pending.set(id, { succeed, fail: answer.reject, timer });
    try {
      // The spread of a union loses which member it was; `question` is whole but for its id.
      this.send({ ...question, id } as RequestMessage);
    } catch (error) {
      this.#pending.delete(id);
      clearTimeout(timer);
      answer.reject(toError(error));
    }
    return answer.promise;
  }

  /** Says goodbye and resolves when the coordinator has confirmed it, or `timeoutMs` have passed. */
  async leave(timeoutMs: number): Promise<void> {
    if (this.#state !== 'member') return;
    this.#state = 'leaving';
    this.send({ kind: 'leave' });
    const timer = setTimeout(this.#left.resolve, timeoutMs);
    await this.#left.promise;
    clearTimeout(timer);
    this.#failPending('leave');
    this.#state = 'over';
    await this.#link.close('the node has left');
  }

  /** Ends the link at once. The owner is not told. */
  destroy(reason: string): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    clearTimeout(this.#joinTimer);
    this.#joined.reject(new PagewireError('closed', `joining the cluster at ${this.#options.url} was given up: ${reason}`));
    this.#left.resolve();
    this.#failPending(reason);
    this.#link.destroy({ code: 'closed', reason });
  }

  #opened(resumed: boolean): void {
    if (resumed || this.#state !== 'joining') return;
    const { name, urls, previous, now } = this.#options;
    this.#joinSentAt = now();
    this.send({ kind: 'join', name, urls, previous });
  }

  #envelope(bytes: Uint8Array): void {
    if (this.#state === 'over') return;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return this.#end('protocol-violation', `it sent bytes that are no message: ${decoded.reason}`);
    const { message } = decoded;
    if (this.#state === 'joining') return this.#answerToJoin(message);
    if (this.#options.handlers.mayAct()) this.#take(message);
  }

  #answerToJoin(message: Message): void {
    const sentAt = this.#joinSentAt;
    if (message.kind === 'joined' && sentAt !== undefined) {
      if (!canBeKept(message)) {
        return this.#end(
          'protocol-violation',
          `its lease of ${message.leaseMs} ms, renewed every ${message.renewEveryMs} ms, cannot be kept`,
        );
      }
      clearTimeout(this.#joinTimer);
      this.#state = 'member';
      const { cluster, incarnation, leaseMs, renewEveryMs, waitedMs } = message;
      this.#options.handlers.joined({ cluster, incarnation, leaseMs, renewEveryMs, sentAt, waitedMs });
      this.#joined.resolve();
    } else if (message.kind === 'failed') {
      this.#end(message.code, message.message);
    } else {
      this.#end('protocol-violation', `it answered a join with "${message.kind}"`);
    }
  }

  #take(message: Message): void {
    const { handlers } = this.#options;
    switch (message.kind) {
      case 'renewed':
        // The coordinator returns the time that this node sent.
        return handlers.renewed(message.sentAt as Millis);
      case 'members':
        return handlers.members(message.members);
      case 'expelled':
        return this.#end('fenced', `the coordinator expelled it: ${message.reason}`);
      case 'left':
        return this.#left.resolve();
      case 'region-deleted':
        return handlers.regionDeleted(message.region);
      case 'region-opened':
      case 'deleted':
      case 'regions-listed':
      case 'status-reported':
      case 'failed':
        return this.#answered(message);
      case 'grant':
      case 'supply':
      case 'downgrade':
      case 'transfer':
      case 'invalidate':
      case 'settled':
      case 'released':
      case 'refused':
      case 'query':
      case 'node-lost':
        return handlers.coherence(message);
      case 'obtained':
      case 'given-back':
      case 'passed':
      case 'waiting':
      case 'look-again':
      case 'woken':
      case 'notified':
      case 'cancelled':
      case 'denied':
        return handlers.synchronization(message);
      default:
        return this.#end('protocol-violation', `it sent "${message.kind}", which is not for a node`);
    }
  }

  #answered(reply: ReplyMessage): void {
    const pending = this.#pending.get(reply.id);
    // Number 0 answers no question: it says why the coordinator turns this node away.
    if (pending === undefined) {
      if (reply.kind === 'failed' && reply.id === 0) this.#end(reply.code, reply.message);
      return;
    }
    this.#pending.delete(reply.id);
    clearTimeout(pending.timer);
    if (reply.kind === 'failed') pending.fail(new PagewireError(reply.code, reply.message));
    else pending.succeed(reply);
  }

  #linkClosed(end: LinkEnd): void {
    const code = this.#state === 'joining' && end.code === 'closed' ? 'unreachable' : end.code;
    this.#end(code, `the link ended: ${end.reason}`);
  }

  #end(code: ErrorCode, why: string): void {
    if (this.#state === 'over') return;
    const was = this.#state;
    this.#state = 'over';
    clearTimeout(this.#joinTimer);
    const { url, name, handlers } = this.#options;
    this.#joined.reject(
      new PagewireError(
        code,
        `node "${name}" could not join the cluster at ${url}: ${why}${code === 'unreachable' ? '. Check that a coordinator runs there' : ''}`,
      ),
    );
    this.#left.resolve();
    this.#failPending(why);
    this.#link.destroy({ code, reason: why });
    if (was === 'member') handlers.ended(why);
  }

  #failPending(why: string): void {
    for (const { fail, timer } of this.#pending.values()) {
      clearTimeout(timer);
      fail(new PagewireError('fenced', `the coordinator's answer did not come: ${why}; ask again when the node has rejoined`));
    }
    this.#pending.clear();
  }

  #overError(what: string): PagewireError {
    return new PagewireError(
      'fenced',
      `${what}: this node is not a member of the cluster at ${this.#options.url}; wait until it has rejoined`,
    );
  }
}

/** Timers that are to go off in less than a millisecond, or in more than they can count, go off all the time. */
const canBeKept = ({ leaseMs, renewEveryMs }: Pick<JoinTerms, 'leaseMs' | 'renewEveryMs'>): boolean =>
  renewEveryMs >= 1 && leaseMs > renewEveryMs && leaseMs < 2 ** 31;

const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new InvariantError(String(thrown)));
