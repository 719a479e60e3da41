import {
  applyAtomic,
  decodeMessage,
  encodeMessage,
  limits,
  type Message,
  type RegionRecord,
  type ReplyMessage,
  type RequestMessage,
  regionId,
} from '@pagewire/protocol';
import { type Acceptance, type Attributes, type Link, type LinkEnd, type Listener, listen } from '@pagewire/transport';

/** A request as it reached the fake node, and the link to answer on. */
export interface Asked {
  readonly request: RequestMessage;
  readonly link: Link;
}

/** What the fake node does with a request: an answer, or nothing yet. */
export type Answer = (request: RequestMessage) => ReplyMessage | undefined;

/**
 * The other end of a client: a node without a cluster, on a free port of loopback. It answers from memory of its own unless `answer` is set.
 */
export class FakeNode implements AsyncDisposable {
  /** Every request, in order of arrival. */
  readonly asked: Asked[] = [];
  readonly links: Link[] = [];
  readonly peers: Attributes[] = [];
  readonly records = new Map<string, RegionRecord>();
  readonly memory = new Uint8Array(4 << 20);
  /** Set to refuse new links. */
  refuse: LinkEnd | undefined;
  /** Overrides the answers; `undefined` from it leaves a request unanswered. */
  answer: Answer;
  #listener: Listener | undefined;
  #nextRegion = 1;

  constructor(answer?: Answer) {
    this.answer = answer ?? ((request) => this.serve(request));
  }

  static async start(answer?: Answer): Promise<FakeNode> {
    const node = new FakeNode(answer);
    await node.listen(0);
    return node;
  }

  get url(): string {
    return this.#listening.url('ws');
  }

  async listen(port: number): Promise<void> {
    this.#listener = await listen({ host: '127.0.0.1', port, accept: (peer, link) => this.#accept(peer, link) });
  }

  /** Dies and comes back on the same port, knowing no link of before. */
  async restart(): Promise<void> {
    const { port } = this.#listening;
    await this.stop();
    await this.listen(port);
  }

  /** Dies: every link ends without an answer, and nobody listens. */
  async stop(): Promise<void> {
    for (const link of this.links.splice(0)) link.destroy();
    await this.#listener?.close();
  }

  /** Requests of one kind, in order of arrival. */
  of<K extends RequestMessage['kind']>(kind: K): Extract<RequestMessage, { kind: K }>[] {
    // The filter has compared the kind.
    return this.asked.map((asked) => asked.request).filter((request) => request.kind === kind) as Extract<RequestMessage, { kind: K }>[];
  }

  /** Sends to the newest link. */
  send(message: Message): void {
    this.sendRaw(Buffer.concat(encodeMessage(message)));
  }

  sendRaw(bytes: Uint8Array): void {
    this.links.at(-1)?.send([bytes]);
  }

  addRegion(name: string, bytes: number, pageBytes: number): RegionRecord {
    const record = { region: regionId(this.#nextRegion++), name, bytes, pageBytes };
    this.records.set(name, record);
    return record;
  }

  recordOf(name: string): RegionRecord {
    const record = this.records.get(name);
    if (record === undefined) throw new Error(`the fake node has no region "${name}"`);
    return record;
  }

  serve(request: RequestMessage): ReplyMessage {
    const { id } = request;
    switch (request.kind) {
      case 'open-region':
        return this.#open(request);
      case 'delete-region':
        return { kind: 'deleted', id };
      case 'list-regions': {
        const after = request.after ?? -1;
        const records = [...this.records.values()].filter((record) => record.region > after);
        return { kind: 'regions-listed', id, records: records.slice(0, limits.maxRegionsPerList) };
      }
      case 'status':
        return { kind: 'status-reported', id, json: '{"name":"fake"}' };
      case 'read':
        return { kind: 'bytes-read', id, content: this.memory.slice(request.offset, request.offset + request.length) };
      case 'write':
        this.memory.set(request.content, request.offset);
        return { kind: 'written', id };
      case 'operate':
        return { kind: 'operated', id, value: applyAtomic(this.memory, request.offset, request.atomic) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #listening(): Listener {
    if (this.#listener === undefined) throw new Error('the fake node does not listen');
    return this.#listener;
  }

  #open(request: Extract<RequestMessage, { kind: 'open-region' }>): ReplyMessage {
    const { id, name, bytes } = request;
    const record = this.records.get(name);
    if (record !== undefined) return { kind: 'region-opened', id, record };
    if (bytes === undefined) return { kind: 'failed', id, code: 'no-such-region', message: `region "${name}" does not exist` };
    return { kind: 'region-opened', id, record: this.addRegion(name, bytes, request.pageBytes ?? limits.defaultPageBytes) };
  }

  #accept(peer: Attributes, link: Link): Acceptance {
    if (this.refuse !== undefined) return { refuse: this.refuse };
    this.peers.push(peer);
    this.links.push(link);
    return {
      attributes: { role: 'node' },
      handlers: {
        envelope: (bytes) => {
          const decoded = decodeMessage(bytes.slice());
          if (!decoded.ok) throw new Error(`the client sent what cannot be decoded: ${decoded.reason}`);
          // A client sends requests only; anything else would be seen as an unexpected entry.
          const request = decoded.message as RequestMessage;
          this.asked.push({ request, link });
          const reply = this.answer(request);
          if (reply !== undefined) link.send(encodeMessage(reply));
        },
        closed: () => {},
      },
    };
  }
}
