import type { RegionOptions, RegionRecord } from '@pagewire/protocol';
import type { ConnectOptions } from './connect-options.js';
import { askStatus, deleteRegion, listRegions, openRegion, type Status } from './directory-requests.js';
import { Session } from './session.js';

/** A connection to the coordinator, for tools: it sees and changes which regions exist, not what is in them. */
export class Admin implements AsyncDisposable {
  readonly #session: Session;

  /** Made by {@link connectAdmin}. */
  constructor(session: Session) {
    this.#session = session;
  }

  /** What the coordinator says of the cluster. */
  async status(): Promise<Status> {
    return askStatus(this.#session);
  }

  async regions(): Promise<readonly RegionRecord[]> {
    return listRegions(this.#session);
  }

  async openRegion(name: string, options: RegionOptions = {}): Promise<RegionRecord> {
    return openRegion(this.#session, name, options, (record) => record);
  }

  async deleteRegion(name: string): Promise<void> {
    return deleteRegion(this.#session, name);
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Connects to a coordinator as a tool. Fails as `connect` does. */
export async function connectAdmin(url: string, options: ConnectOptions = {}): Promise<Admin> {
  return new Admin(await Session.open(url, 'admin', options));
}

/** Asks the coordinator at `coordinatorUrl` once for its status. Fails as `connect` does. */
export async function requestStatus(coordinatorUrl: string, options: ConnectOptions = {}): Promise<Status> {
  await using admin = await connectAdmin(coordinatorUrl, options);
  return await admin.status();
}
