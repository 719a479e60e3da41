import { checkRegionOptions, limits, PagewireError, type RegionOptions, type RegionRecord } from '@pagewire/protocol';
import type { Session } from './session.js';

/** What a node or the coordinator says of itself: one JSON object. */
export type Status = Readonly<Record<string, unknown>>;

/** Opens or creates a region; `complete` sees the record while it is certain to belong to the link that is up. */
export function openRegion<T>(session: Session, name: string, options: RegionOptions, complete: (record: RegionRecord) => T): Promise<T> {
  checkRegionOptions(name, options);
  const { bytes, pageBytes } = options;
  const request = { kind: 'open-region', id: session.nextId(), name, bytes, pageBytes } as const;
  return session.perform(request, (reply) => complete(reply.record));
}

export function deleteRegion(session: Session, name: string): Promise<void> {
  checkRegionOptions(name, {});
  return session.perform({ kind: 'delete-region', id: session.nextId(), name }, () => undefined);
}

/** Every region of the cluster, by ascending number. */
export async function listRegions(session: Session): Promise<readonly RegionRecord[]> {
  const all: RegionRecord[] = [];
  for (;;) {
    const request = { kind: 'list-regions', id: session.nextId(), after: all.at(-1)?.region } as const;
    const records = await session.perform(request, (reply) => reply.records);
    all.push(...records);
    if (records.length < limits.maxRegionsPerList) return all;
  }
}

export async function askStatus(session: Session): Promise<Status> {
  const json = await session.perform({ kind: 'status', id: session.nextId() }, (reply) => reply.json);
  try {
    const status: unknown = JSON.parse(json);
    // A JSON value that is an object and no array has string keys only.
    if (typeof status === 'object' && status !== null && !Array.isArray(status)) return status as Status;
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw new PagewireError('protocol-violation', `${session.url} answered a status request with something that is no JSON object`);
}
