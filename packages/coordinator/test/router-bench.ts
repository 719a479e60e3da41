import {
  decodeMessage,
  encodeMessage,
  Home,
  type Incarnation,
  InvariantError,
  type Message,
  type MessageKind,
  millis,
  type NodeCounters,
  type PageItems,
  type PageMessageKind,
  type RegionRecord,
  SyncTable,
} from '@pagewire/protocol';
import type { Directory } from '../src/cluster.js';
import type { LogLine } from '../src/log.js';
import { Membership } from '../src/membership/membership.js';
import { linkId } from '../src/membership/membership-io.js';
import { Regions } from '../src/regions.js';
import { type Role, Router } from '../src/router.js';

export const noCounters: NodeCounters = {
  readFaults: 0,
  writeFaults: 0,
  pagesSent: 0,
  pagesReceived: 0,
  prefetched: 0,
  clientOperations: 0,
  residentPages: 0,
};

/** The far end of one link: what it says goes to the router, what the router says to it is kept. */
export class FarEnd {
  readonly received: Message[] = [];
  readonly #bench: RouterBench;
  readonly #link: number;

  constructor(bench: RouterBench, link: number) {
    this.#bench = bench;
    this.#link = link;
  }

  say(message: Message): void {
    this.#bench.router.message(millis(this.#bench.now), linkId(this.#link), wire(message));
  }

  cut(): void {
    this.#bench.router.linkLost(millis(this.#bench.now), linkId(this.#link));
  }

  /** What has come since the last call. */
  take(): Message[] {
    return this.received.splice(0);
  }

  /** The one message of this kind among what has come. */
  the<K extends MessageKind>(kind: K): Extract<Message, { kind: K }> {
    const found = this.received.filter((message): message is Extract<Message, { kind: K }> => message.kind === kind);
    const [first] = found;
    if (first === undefined || found.length !== 1) throw new InvariantError(`${found.length} messages of kind ${kind}`);
    return first;
  }

  /** The items of the one page message of this kind. */
  items<K extends PageMessageKind>(kind: K): readonly PageItems[K][] {
    // The message of kind K carries items of kind K, which the compiler cannot follow through a generic.
    const { items } = this.the(kind) as unknown as { readonly items: readonly PageItems[K][] };
    return items;
  }

  get incarnation(): Incarnation {
    return this.the('joined').incarnation;
  }
}

/** A message as it is after its way over the wire: what cannot travel fails here. */
function wire(message: Message): Message {
  const decoded = decodeMessage(Buffer.concat(encodeMessage(message)));
  if (!decoded.ok) throw new InvariantError(decoded.reason);
  return decoded.message;
}

/** A router over real machines, with far ends instead of sockets and a clock that the test moves. */
export class RouterBench {
  readonly router: Router;
  readonly ended = new Map<number, string>();
  readonly logged: LogLine[] = [];
  readonly #ends = new Map<number, FarEnd>();
  now = 0;

  constructor({ storeBytes = 2 ** 30, home = new Home() }: { readonly storeBytes?: number; readonly home?: Directory } = {}) {
    const membership = new Membership({ leaseMs: 3000, renewEveryMs: 500, tickEveryMs: 1000, maxMembers: 8, cluster: 'c', firstNumber: 1 });
    this.router = new Router(
      { membership, regions: new Regions(), home, table: new SyncTable(), storeBytes },
      {
        send: (to, message) => {
          for (const link of to) this.#ends.get(link)?.received.push(wire(message));
        },
        end: (link, { code }) => this.ended.set(link, code),
        describe: () => ({ version: '0', cluster: 'c', uptimeMs: this.now, process: { rss: 1, heap: 1 } }),
        log: (line) => this.logged.push(line),
      },
    );
  }

  link(role: Role, name = ''): FarEnd {
    const end = new FarEnd(this, this.#ends.size + 1);
    this.#ends.set(this.#ends.size + 1, end);
    this.router.linkOpened(linkId(this.#ends.size), role, name);
    return end;
  }

  /** A node that has joined. */
  node(name: string): FarEnd {
    const end = this.link('node', name);
    end.say({ kind: 'join', name, urls: [`ws://${name}:1`] });
    return end;
  }

  region(name: string, bytes = 8192): RegionRecord {
    const admin = this.link('admin');
    admin.say({ kind: 'open-region', id: 1, name, bytes });
    return admin.the('region-opened').record;
  }

  tick(at: number): void {
    this.now = at;
    this.router.tick(millis(at));
  }

  status() {
    return this.router.status(millis(this.now));
  }

  events(): string[] {
    return this.logged.map((line) => line.event);
  }
}
