import {
  decodeMessage,
  encodeMessage,
  limits,
  type Message,
  type Millis,
  millis,
  PagewireError,
  type RegionId,
  type ReplyMessage,
  type RequestMessage,
} from '@pagewire/protocol';
import type { Link, LinkEnd, LinkHandlers } from '@pagewire/transport';
import type { ServedRegion, ServiceHost } from './service-host.js';
import { PageOrder } from './service-page-order.js';
import {
  bytesUnderWay,
  checkMemoryRequest,
  type DirectoryRequest,
  describeMemory,
  isMemoryRequest,
  keep,
  type MemoryRequest,
  performDirectory,
  performMemory,
  requestWrites,
  spanOf,
} from './service-requests.js';
import { TurnDeadlines } from './service-turn-deadlines.js';

/** Limits of the service beside `limits` of the protocol. */
export const serviceLimits = {
  /** Clients of one node at a time; more are refused with `overloaded`. */
  maxClients: 1024,
  /**
   * Bytes of one client's requests under way and of answers that it has not acknowledged; what would go beyond is refused with `overloaded`.
   * Lower than a link's hard cap on buffered bytes, so that a client that reads slowly is refused before it is cut off. The node does not
   * stop reading from such a client: the acknowledgements that free its memory come the same way as the requests.
   */
  maxBytesPerClient: 12 * 1024 * 1024,
} as const;

const requestKinds: ReadonlySet<string> = new Set<RequestMessage['kind']>([
  'open-region',
  'delete-region',
  'list-regions',
  'status',
  'read',
  'write',
  'operate',
]);
const isRequest = (message: Message): message is RequestMessage => requestKinds.has(message.kind);

/** What a client's connection tells the service. */
export interface ServedClientEvents {
  /** An operation ended, well or badly, and was answered if the client is still there. */
  operated(): void;
  closed(): void;
  /** A bug: neither an answer nor an operating error. The node must not go on. */
  fatal(error: unknown): void;
}

/** One client: takes its requests, performs them, answers each when its effect may be told. */
export class ServedClient {
  readonly handlers: LinkHandlers;
  readonly #host: ServiceHost;
  readonly #link: Link;
  readonly #events: ServedClientEvents;
  readonly #order = new PageOrder();
  readonly #turns: TurnDeadlines;
  /** What this client has opened on this link: a number that it knows from elsewhere may be another region by now. */
  readonly #opened = new Map<RegionId, ServedRegion>();
  #underWay = 0;
  #bytesUnderWay = 0;
  #closed = false;

  constructor(host: ServiceHost, link: Link, events: ServedClientEvents) {
    this.#host = host;
    this.#link = link;
    this.#events = events;
    this.#turns = new TurnDeadlines(() => host.now());
    this.handlers = {
      envelope: (bytes) => this.#receive(bytes),
      closed: () => this.#end(),
    };
  }

  /** Tells the client that a region is gone, if it knew it. */
  regionDeleted(region: RegionId): void {
    if (this.#opened.delete(region)) this.#send({ kind: 'region-deleted', region });
  }

  close(reason: string): Promise<void> {
    return this.#link.close(reason);
  }

  #end(): void {
    this.#closed = true;
    this.#order.clear();
    this.#turns.clear();
    this.#opened.clear();
    this.#events.closed();
  }

  #violated(reason: string): void {
    const end: LinkEnd = { code: 'protocol-violation', reason };
    this.#link.destroy(end);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return this.#violated(`malformed message: ${decoded.reason}`);
    const { message } = decoded;
    if (!isRequest(message)) return this.#violated(`a client may not send a "${message.kind}" message`);
    const excess = this.#excess(message);
    if (excess !== undefined) return this.#fail(message.id, excess);
    this.#underWay++;
    if (isMemoryRequest(message)) this.#takeMemory(message);
    else void this.#takeDirectory(message);
  }

  #excess(request: RequestMessage): PagewireError | undefined {
    if (this.#underWay >= limits.maxOperationsPerClient) {
      const what = `${limits.maxOperationsPerClient} operations of this client are under way: wait for answers before sending more`;
      return new PagewireError('overloaded', what);
    }
    const bytes = bytesUnderWay(request) + this.#bytesUnderWay + this.#link.bufferedBytes;
    if (bytes <= serviceLimits.maxBytesPerClient) return undefined;
    const what = `${bytes} bytes of this client's operations would be under way or unread, and ${serviceLimits.maxBytesPerClient} may be`;
    return new PagewireError('overloaded', `${what}: read answers before sending more`);
  }

  async #takeDirectory(request: DirectoryRequest): Promise<void> {
    try {
      this.#send(await performDirectory(this.#host, request, (region) => this.#opened.set(region.id, region)));
    } catch (error) {
      this.#fail(request.id, error);
    }
    this.#finish(0);
  }

  #takeMemory(request: MemoryRequest): void {
    const region = this.#opened.get(request.region);
    if (region === undefined || this.#host.regionById(request.region) !== region) {
      this.#fail(request.id, new PagewireError('no-such-region', `region ${request.region} is not open on this link: open it by its name`));
      return this.#finish(0);
    }
    try {
      checkMemoryRequest(region, request);
    } catch (error) {
      this.#fail(request.id, error);
      return this.#finish(0);
    }
    this.#bytesUnderWay += bytesUnderWay(request);
    this.#perform(region, request);
  }

  #perform(region: ServedRegion, request: MemoryRequest): void {
    const { faultTimeoutMs } = this.#host;
    // Counted from here, whenever its turn comes: the client counts from even earlier.
    const deadline = millis(this.#host.now() + faultTimeoutMs);
    const span = spanOf(region, request);
    if (span === undefined) {
      void this.#run(region, request, deadline, () => {});
      return;
    }
    let own = request;
    const turn = this.#order.enter(span, (started) => {
      this.#turns.delete(started);
      void this.#run(region, own, deadline, () => this.#order.leave(started));
    });
    if (turn.blockedOn === 0) return;
    own = keep(request);
    this.#turns.add(turn, deadline, () => {
      const what = `${describeMemory(region, own)} was not started: earlier operations of this client on its pages took ${faultTimeoutMs} ms`;
      this.#fail(own.id, new PagewireError('timeout', `${what}; wait for their answers before sending more`));
      this.#finish(bytesUnderWay(own));
      this.#order.withdraw(turn);
    });
  }

  async #run(region: ServedRegion, request: MemoryRequest, deadline: Millis, leave: () => void): Promise<void> {
    let reply: ReplyMessage;
    try {
      reply = await performMemory(region, request, deadline);
    } catch (error) {
      leave();
      this.#fail(request.id, error);
      this.#finish(bytesUnderWay(request));
      return;
    }
    // Asked before later operations start, so that this answer does not wait for what they write.
    const exposed = this.#host.exposed();
    leave();
    try {
      // What depends on an unconfirmed write may not be told: it might be undone by a crash.
      if (exposed !== undefined) await exposed;
      this.#send(reply);
    } catch (error) {
      this.#fail(request.id, requestWrites(request) ? error : unconfirmedRead(error));
    }
    this.#finish(bytesUnderWay(request));
  }

  #finish(bytes: number): void {
    this.#underWay--;
    this.#bytesUnderWay -= bytes;
    this.#events.operated();
  }

  #send(message: Message): void {
    if (!this.#closed) this.#link.send(encodeMessage(message));
  }

  #fail(id: number, error: unknown): void {
    if (error instanceof PagewireError) {
      this.#send({ kind: 'failed', id, code: error.code, message: error.message });
    } else this.#events.fatal(error);
  }
}

/** A read has no outcome to be unsure of: it just saw what will perhaps not last. */
function unconfirmedRead(error: unknown): unknown {
  if (!(error instanceof PagewireError) || error.code !== 'outcome-unknown') return error;
  return new PagewireError('fenced', `what was read may not last (${error.message}): read again`, { cause: error });
}
