import type { Region } from '@pagewire/node';
import type { ClusterNode } from '@pagewire/node/parts';
import type { RegionAccess, RegionAtomics } from '@pagewire/protocol';
import { cellOffset, cellsPerPage, type PlannedOperation, pageBytes } from './plan.js';
import type { SyncGhosts } from './sync-ghosts.js';
import type { WakeUpGhosts } from './wake-up-ghosts.js';

/** What an operation is performed with. */
export interface Performer {
  /** What clients have too. */
  readonly access: RegionAccess;
  /** The cells of the region, recorded in runs that record them. */
  readonly cells: RegionAtomics;
  /** Its pages one by one, in runs that record those. */
  readonly records: RegionAccess | undefined;
  /** On a node: everything else. */
  readonly node: { readonly node: ClusterNode; readonly region: Region; reopen(): Promise<void> } | undefined;
  readonly sync: SyncGhosts;
  /** A value that nobody has written yet. */
  fresh(): number;
  sleep(ms: number): Promise<void>;
  /** Virtual time, in milliseconds. */
  now(): number;
  /** The faults are over. */
  readonly hurry: boolean;
  readonly wakeUps: WakeUpGhosts;
}

/** Performs one operation; rejects with the error of the call that failed. */
export async function perform(operation: PlannedOperation, by: Performer): Promise<void> {
  const { access, cells, records } = by;
  const at = cellOffset(operation.page, operation.cell);
  const start = operation.page * pageBytes;
  const length = operation.pages * pageBytes;
  switch (operation.what) {
    case 'load':
      return void (await cells.load('int32', at));
    case 'read':
      return void (await (records === undefined ? access.read(start, length) : records.read(start, pageBytes)));
    case 'store':
      return void (await cells.store('int32', at, by.fresh()));
    case 'write':
      return records === undefined ? access.write(start, freshPages(operation.pages, by)) : records.write(start, freshPages(1, by));
    case 'add':
      return void (await cells.add('int32', at, 1));
    case 'exchange':
      return void (await cells.exchange('int32', at, by.fresh()));
    case 'compare-exchange': {
      const seen = await cells.load('int32', at);
      return void (await cells.compareExchange('int32', at, seen, by.fresh()));
    }
    default:
      if (by.node === undefined) throw new Error(`a client does not know how to ${operation.what}`);
      await performOnNode(operation, by, by.node);
  }
}

async function performOnNode(operation: PlannedOperation, by: Performer, on: NonNullable<Performer['node']>): Promise<void> {
  const { what, holdMs } = operation;
  const { node, region } = on;
  const start = operation.page * pageBytes;
  const length = operation.pages * pageBytes;
  switch (what) {
    case 'pin-readonly':
    case 'pin-exclusive':
      return pin(operation, by, region);
    case 'prefetch-readonly':
      return region.prefetch(start, length, 'readonly');
    case 'prefetch-exclusive':
      return region.prefetch(start, length, 'exclusive');
    case 'reopen':
      return on.reopen();
    case 'lock': {
      const held = await node.lock('lock').acquire({ timeoutMs: 1000 });
      const end = by.sync.obtained('lock', { node, token: held.token, count: 1, of: 1 });
      return by.sleep(holdMs).then(() => release(held, end));
    }
    case 'semaphore': {
      const held = await node.semaphore('semaphore', 2).acquire({ timeoutMs: 1000, count: 1 + (operation.cell % 2) });
      const end = by.sync.obtained('semaphore', { node, token: held.token, count: held.count, of: 2 });
      return by.sleep(holdMs).then(() => release(held, end));
    }
    case 'barrier':
      return by.sync.arrives(2)(await node.barrier('barrier', 2).arrive({ timeoutMs: holdMs }));
    case 'wait':
      return wait(operation, by, region);
    case 'announce': {
      const at = cellOffset(operation.page, operation.cell);
      const beganAt = by.now();
      await by.cells.store('int32', at, by.fresh());
      await region.notify(at);
      return by.wakeUps.announced(at, { beganAt, endedAt: by.now() });
    }
    default:
      throw new Error(`a node does not know how to ${what}`);
  }
}

/** Waits for another value than the one that is there. */
async function wait({ part, page, cell, holdMs }: PlannedOperation, by: Performer, region: Region): Promise<void> {
  const at = cellOffset(page, cell);
  const seen = await region.atomics.load('int32', at);
  const since = by.now();
  // When the faults are over, some wait long enough to tell a wake-up that is late from one that was lost.
  const timeoutMs = by.hurry && part % 4 === 0 ? 5000 + holdMs : holdMs;
  const end = await region.wait(at, seen, { timeoutMs });
  if (end === 'timed-out') by.wakeUps.timedOut(region.name, at, { since, now: by.now() });
}

async function release(held: { release(): Promise<void> }, ended: () => void): Promise<void> {
  // From the call on others may have it.
  ended();
  await held.release();
}

/** A pinned page stays: the memory's watcher sees that it may still be used when the pin ends. */
async function pin({ page, pages, what, holdMs, cell }: PlannedOperation, by: Performer, region: Region): Promise<void> {
  const exclusive = what === 'pin-exclusive';
  const pinned = await region.pin(page * pageBytes, pages * pageBytes, exclusive ? 'exclusive' : 'readonly');
  try {
    const store = (): void => {
      const { bytes } = pinned;
      if (exclusive) new DataView(bytes.buffer, bytes.byteOffset).setInt32(cellOffset(0, cell), by.fresh(), true);
    };
    store();
    await by.sleep(holdMs);
    store();
  } finally {
    pinned.release();
  }
}

function freshPages(pages: number, by: Performer): Uint8Array {
  const bytes = new Uint8Array(pages * pageBytes);
  const view = new DataView(bytes.buffer);
  for (let page = 0; page < pages; page += 1) {
    for (let cell = 0; cell < cellsPerPage; cell += 1) view.setInt32(cellOffset(page, cell), by.fresh(), true);
  }
  return bytes;
}
