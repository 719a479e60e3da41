import {
  decodeMessage,
  encodeMessage,
  type Message,
  PagewireError,
  type RegionRecord,
  type ReplyMessage,
  type RequestMessage,
} from '@pagewire/protocol';
import type { LinkEnd } from '@pagewire/transport';
import { type ConnectOptions, clientDefaults, type Settings, settle } from './connect-options.js';
import { Connection } from './connection.js';
import { Deadlines } from './deadlines.js';
import { InFlight } from './in-flight.js';
import { answers, contentBytes, describe, type Operation, type ReplyTo, repeatable, replyKinds } from './operation.js';
import { expired, unanswered } from './operation-errors.js';
import { OperationQueue } from './operation-queue.js';
import { type RegionBinding, RegionBindings } from './region-binding.js';

/** `reconnecting`: the connection is cut or gone; operations wait for it, each until its deadline. */
export type SessionState = 'connecting' | 'open' | 'reconnecting' | 'closed';

const replies: ReadonlySet<string> = new Set([...Object.values(replyKinds), 'failed']);
const isReply = (message: Message): message is ReplyMessage => replies.has(message.kind);

/**
 * Requests and their replies over one connection: many in flight, matched by id. It decides what becomes of each operation when the
 * link ends: one never sent, or whose repetition is harmless, goes on over the next link; the others end with `outcome-unknown`.
 */
export class Session {
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #operations = new Deadlines((operation) => this.#expired(operation));
  readonly #queue = new OperationQueue();
  readonly #inFlight: InFlight;
  readonly #bindings: RegionBindings;
  readonly #opened: Promise<void>;
  // Set by the executor of `#opened`, which runs before the constructor goes on.
  #markOpened: () => void = () => {};
  #markFailed: (error: PagewireError) => void = () => {};
  /** Raised when a link comes up and when it ends. */
  #linkNumber = 0;
  #nextId = 1;
  #writeBytes = 0;
  #ended: PagewireError | undefined;

  private constructor(url: string, role: 'client' | 'admin', settings: Settings) {
    this.#settings = settings;
    this.#inFlight = new InFlight({ maxRequests: settings.maxInFlight, maxBytes: clientDefaults.maxInFlightBytes });
    this.#opened = new Promise((resolve, reject) => {
      this.#markOpened = resolve;
      this.#markFailed = reject;
    });
    const session = this;
    this.#bindings = new RegionBindings({
      get linkNumber() {
        return session.#linkNumber;
      },
      askSetup: (request) => this.#askSetup(request(this.nextId())),
      unpark: (operations) => {
        this.#queue.unshift(operations);
        this.#pump();
      },
    });
    this.#connection = new Connection(url, { role }, settings, {
      envelope: (bytes) => this.#receive(bytes),
      up: () => this.#up(),
      ready: () => this.#pump(),
      down: (end) => this.#down(end),
      over: (error) => this.#end(error),
    });
  }

  /** Resolves when the first link is up. */
  static async open(url: string, role: 'client' | 'admin', options: ConnectOptions): Promise<Session> {
    const session = new Session(url, role, settle(options));
    await session.#opened;
    return session;
  }

  get url(): string {
    return this.#connection.url;
  }

  get state(): SessionState {
    if (this.#ended !== undefined) return 'closed';
    if (this.#linkNumber === 0) return 'connecting';
    return this.#connection.isOpen ? 'open' : 'reconnecting';
  }

  /** The id for the next request. */
  nextId(): number {
    return this.#nextId++;
  }

  /**
   * Sends `request` and resolves with what `complete` makes of its reply. `complete` runs while the reply's bytes are valid and must copy
   * what it keeps. The bytes of a write are taken before this returns.
   */
  perform<R extends RequestMessage, T>(request: R, complete: (reply: ReplyTo<R>) => T, binding?: RegionBinding): Promise<T> {
    const refusal = this.#ended ?? this.#excess(request, binding);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      // `answers` has matched the reply with the request before `succeed` is called.
      const succeed = (reply: ReplyMessage) => resolve(complete(reply as ReplyTo<R>));
      const operation = this.#add(request, binding, false, succeed, reject);
      this.#queue.push(operation);
      this.#pump();
      // It waits, and the caller may change its bytes meanwhile.
      if (!operation.sent && request.kind === 'write') operation.request = { ...request, content: new Uint8Array(request.content) };
    });
  }

  /** The binding for a region that was just opened; to be called by `complete`. */
  bind(record: RegionRecord): RegionBinding {
    return this.#bindings.bind(record);
  }

  /** Ends every operation that is under way and says goodbye. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#end(new PagewireError('closed', `the client of ${this.url} was closed: connect again to go on`));
    await this.#connection.close();
  }

  #excess(request: RequestMessage, binding: RegionBinding | undefined): PagewireError | undefined {
    const { maxWaiting, maxWriteBytes } = clientDefaults;
    const what = () => describe(request, binding);
    if (this.#operations.size - this.#inFlight.awaited >= maxWaiting) {
      return new PagewireError('overloaded', `${what()} was not started: ${maxWaiting} operations wait already; await some first`);
    }
    if (this.#writeBytes + contentBytes(request) > maxWriteBytes) {
      return new PagewireError(
        'overloaded',
        `${what()} was not started: writes of ${this.#writeBytes} bytes are under way; await some first`,
      );
    }
    return undefined;
  }

  #askSetup(request: Extract<RequestMessage, { kind: 'open-region' }>): Promise<RegionRecord> {
    return new Promise((resolve, reject) => {
      // `answers` has matched the reply with the request.
      const succeed = (reply: ReplyMessage) => resolve((reply as ReplyTo<typeof request>).record);
      this.#queue.unshift([this.#add(request, undefined, true, succeed, reject)]);
      this.#pump();
    });
  }

  #add(
    request: RequestMessage,
    binding: RegionBinding | undefined,
    setup: boolean,
    succeed: (reply: ReplyMessage) => void,
    fail: (error: unknown) => void,
  ): Operation {
    const deadline = performance.now() + this.#settings.operationTimeoutMs;
    const operation: Operation = { request, binding, deadline, setup, sent: false, over: false, succeed, fail };
    this.#operations.add(operation);
    this.#writeBytes += contentBytes(request);
    return operation;
  }

  #pump(): void {
    while (this.#connection.canSend) {
      const operation = this.#queue.peek();
      if (operation === undefined || !this.#inFlight.hasRoomFor(operation.request)) return;
      this.#queue.next();
      const { binding } = operation;
      if (binding?.gone !== undefined) this.#fail(operation, binding.gone);
      else if (binding !== undefined && binding.confirmedOn !== this.#linkNumber) binding.parked.push(operation);
      else this.#transmit(operation);
    }
  }

  #transmit(operation: Operation): void {
    let parts: Uint8Array[];
    try {
      parts = encodeMessage(operation.request);
    } catch (error) {
      // A bug, and this operation's alone: others in the queue must not suffer from it.
      this.#remove(operation);
      operation.fail(error);
      return;
    }
    operation.sent = true;
    this.#inFlight.add(operation.request);
    this.#connection.send(parts);
  }

  #receive(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) {
      this.#connection.violated(`${this.url} sent a malformed message: ${decoded.reason}`);
      return;
    }
    const { message } = decoded;
    if (message.kind === 'region-deleted') this.#bindings.deleted(message.region);
    else if (isReply(message)) this.#reply(message);
    else this.#connection.violated(`${this.url} sent a "${message.kind}" message, which is not for clients`);
  }

  #reply(reply: ReplyMessage): void {
    const operation = this.#operations.get(reply.id);
    if (operation === undefined) {
      if (this.#inFlight.answeredLate(reply.id)) this.#pump();
      else this.#connection.violated(`${this.url} answered request ${reply.id}, which does not wait for an answer`);
      return;
    }
    if (!operation.sent || !answers(operation.request, reply)) {
      const what = describe(operation.request, operation.binding);
      this.#connection.violated(`${this.url} sent a "${reply.kind}" message that does not answer a ${what}`);
      return;
    }
    this.#connection.worked();
    this.#remove(operation);
    this.#inFlight.answered(operation.request);
    if (reply.kind === 'failed') operation.fail(new PagewireError(reply.code, reply.message));
    else operation.succeed(reply);
    this.#pump();
  }

  #remove(operation: Operation): void {
    this.#operations.remove(operation);
    operation.over = true;
    this.#writeBytes -= contentBytes(operation.request);
  }

  #fail(operation: Operation, error: PagewireError): void {
    this.#remove(operation);
    operation.fail(error);
  }

  #up(): void {
    this.#linkNumber++;
    this.#bindings.confirmAll();
    this.#markOpened();
    this.#pump();
  }

  #down(end: LinkEnd): void {
    const error = new PagewireError('unreachable', `the connection to ${this.url} ended (${end.code}: ${end.reason})`);
    this.#forgetLink();
    for (const operation of this.#operations.all()) {
      if (operation.setup || (operation.sent && !repeatable(operation.request))) this.#fail(operation, unanswered(operation, error));
      else {
        operation.sent = false;
        this.#queue.push(operation);
      }
    }
  }

  #forgetLink(): void {
    this.#linkNumber++;
    this.#inFlight.clear();
    this.#queue.takeAll();
    this.#bindings.linkEnded();
  }

  #expired(operation: Operation): void {
    if (operation.sent) this.#inFlight.abandon(operation.request);
    const { isOpen, trouble } = this.#connection;
    this.#fail(operation, expired(operation, { url: this.url, timeoutMs: this.#settings.operationTimeoutMs, isOpen, trouble }));
    this.#queue.dropEnded();
    operation.binding?.parked.dropEnded();
  }

  #end(error: PagewireError): void {
    this.#ended = error;
    this.#forgetLink();
    for (const operation of this.#operations.all()) this.#fail(operation, unanswered(operation, error));
    this.#operations.stop();
    this.#markFailed(error);
  }
}
