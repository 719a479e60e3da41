import type { RegionOptions, RegionRecord } from '@pagewire/protocol';
import { ClientRegion } from './client-region.js';
import type { ConnectOptions } from './connect-options.js';
import { askStatus, deleteRegion, listRegions, openRegion, type Status } from './directory-requests.js';
import { Session, type SessionState } from './session.js';

/** A connection to one node, for programs that are not nodes themselves. Every failure is a `PagewireError`. */
export class Client implements AsyncDisposable {
  readonly #session: Session;

  /** Made by {@link connect}. */
  constructor(session: Session) {
    this.#session = session;
  }

  get url(): string {
    return this.#session.url;
  }

  get state(): SessionState {
    return this.#session.state;
  }

  /** Creates the region, or opens it; where `options` names sizes they must agree with a region that exists (`region-mismatch`). */
  async region(name: string, options: RegionOptions = {}): Promise<ClientRegion> {
    const binding = await openRegion(this.#session, name, options, (record) => this.#session.bind(record));
    return new ClientRegion(this.#session, binding);
  }

  async regions(): Promise<readonly RegionRecord[]> {
    return listRegions(this.#session);
  }

  /** Deletes the region for everybody; accesses to it fail with `no-such-region` from then on. */
  async deleteRegion(name: string): Promise<void> {
    return deleteRegion(this.#session, name);
  }

  /** What the node says of itself. */
  async status(): Promise<Status> {
    return askStatus(this.#session);
  }

  /** Ends operations under way with `closed` (`outcome-unknown` if sent and not harmless to repeat) and the connection. */
  async close(): Promise<void> {
    await this.#session.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Connects to a node, at `ws://host:port` or `grpc://host:port`. Afterwards the client connects again by itself whenever the connection is lost.
 * @throws PagewireError `unreachable` when nothing answers within `connectTimeoutMs`; `version-mismatch` and `overloaded` when the node refuses;
 * `bad-argument` for a URL or option that cannot work.
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Client> {
  return new Client(await Session.open(url, 'client', options));
}
