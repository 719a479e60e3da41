import { PagewireError, type RegionAccess } from '@pagewire/protocol';
import { ClientPool } from './client-pool.js';
import type { LoadClock } from './clock.js';
import { survivableCode } from './fate.js';
import type { LoadClient, OpenClient } from './load-client.js';
import { type LoadSettings, loadLimits } from './options.js';
import { Stop } from './stop.js';

/** The clients of a run that could connect, with the region open. */
export interface Sessions {
  readonly pool: ClientPool;
  readonly notes: readonly string[];
  /** Deletes the region unless it is to be kept, and closes the clients. Never rejects, and never takes longer than a few seconds. */
  close(options: { readonly clock: LoadClock; readonly keep: boolean }): Promise<void>;
}

interface Session {
  readonly client: LoadClient;
  readonly region: RegionAccess;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function openSession(
  settings: LoadSettings,
  open: OpenClient,
  request: { readonly index: number; readonly bytes: number },
): Promise<Session> {
  const client = await open(request.index);
  try {
    return { client, region: await client.region(settings.regionName, { bytes: request.bytes, pageBytes: settings.pageBytes }) };
  } catch (error) {
    await client.close().catch(() => undefined);
    if (!(error instanceof PagewireError) || error.code !== 'region-mismatch') throw error;
    const advice = 'it may be left from another run: name another region, or delete it';
    throw new PagewireError(error.code, `${error.message} (this load needs ${request.bytes} bytes; ${advice})`, { cause: error });
  }
}

/** What to tell when no client could be opened: the first one's error stands for all. */
function noneConnected({ targets }: LoadSettings, errors: readonly unknown[]): unknown {
  const [first] = errors;
  if (!(first instanceof PagewireError)) return first;
  const who = errors.length === 1 ? 'the client could not' : `none of the ${errors.length} clients could`;
  return new PagewireError(first.code, `${who} open the region through ${targets.join(', ')}: ${first.message}`, { cause: first });
}

/** Opens every client and the region through it. Rejects only when all of them fail, or when one fails in a way that a retry elsewhere cannot cure. */
export async function openSessions(settings: LoadSettings, open: OpenClient, bytes: number): Promise<Sessions> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: settings.clients }, (_, index) => openSession(settings, open, { index, bytes })),
  );
  const sessions = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const errors: unknown[] = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const result = new OpenSessions(sessions, settings, errors);
  const incurable = errors.find((error) => survivableCode(error) === undefined);
  if (sessions.length > 0 && incurable === undefined) return result;
  await result.disconnect();
  throw sessions.length === 0 ? noneConnected(settings, errors) : incurable;
}

class OpenSessions implements Sessions {
  readonly pool: ClientPool;
  readonly notes: readonly string[];
  readonly #clients: readonly LoadClient[];
  readonly #regionName: string;

  constructor(sessions: readonly Session[], settings: LoadSettings, errors: readonly unknown[]) {
    this.pool = new ClientPool(
      sessions.map(({ client, region }) => ({ region, reachable: () => client.state === undefined || client.state === 'open' })),
    );
    this.#clients = sessions.map(({ client }) => client);
    this.#regionName = settings.regionName;
    this.notes = errors.length === 0 ? [] : [`${errors.length} of ${settings.clients} clients could not connect: ${messageOf(errors[0])}`];
  }

  async close({ clock, keep }: { readonly clock: LoadClock; readonly keep: boolean }): Promise<void> {
    const closed = new Stop();
    const patience = clock.sleep(loadLimits.closeMs, closed);
    await Promise.race([keep ? undefined : this.#deleteRegion(), patience]);
    await Promise.race([this.disconnect(), patience]);
    closed.request();
  }

  async disconnect(): Promise<void> {
    await Promise.allSettled(this.#clients.map((client) => client.close()));
  }

  /** One client that still has a connection is enough; a region that cannot be deleted now costs the run nothing. */
  async #deleteRegion(): Promise<void> {
    const reachable = this.pool.clients.map((client) => client.reachable());
    for (const client of this.#clients.filter((_, index) => reachable[index])) {
      const deleted = await client.deleteRegion(this.#regionName).then(
        () => true,
        () => false,
      );
      if (deleted) return;
    }
  }
}
