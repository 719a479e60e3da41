import type { PageStanding } from '../home/home-io.js';
import { type Incarnation, type PageId, pageIndex, type RegionId, regionOf, showPage } from '../ids.js';
import { limits } from '../limits.js';
import type { SyncRequest } from '../messages.js';
import type { SyncCore, Waiter } from './sync-core.js';

/**
 * Those that wait on addresses, as a futex has them (Franke, Russell, Kirkwood: "Fuss, Futexes and Furwocks", 2002), with the version of the
 * page in place of the lock around the check: what a node has seen at the committed version is what everybody who could notify has seen.
 */
export class WaitQueues {
  readonly #core: SyncCore;
  readonly #pages = new Map<PageId, Map<number, Set<Waiter>>>();

  constructor(core: SyncCore) {
    this.#core = core;
  }

  wait(from: Incarnation, message: Extract<SyncRequest, { kind: 'wait' }>, standing: PageStanding): void {
    const core = this.#core;
    const { id, page, offset } = message;
    if (standing.kind === 'absent') return core.deny(from, id, standing.code, `${place(page)} does not exist`);
    if (standing.kind === 'lost') return core.deny(from, id, 'page-lost', `the only copy of ${place(page)} died with its node`);
    if (message.version > standing.version) {
      const what = `a wait at version ${message.version} of page ${showPage(page)}, which is at ${standing.version}`;
      return core.tell({ kind: 'violation', from, what });
    }
    if (message.version < standing.version) return core.reply(from, { kind: 'look-again', id });
    const queue = this.#pages.get(page)?.get(offset);
    if (queue !== undefined && queue.size >= limits.maxSyncWaitersPerObject) {
      return core.deny(from, id, 'overloaded', `${queue.size} wait on byte ${offset} of ${place(page)} already`);
    }
    if (!core.hasRoom(from, id)) return;
    const waiter: Waiter = { kind: 'waiter', member: from, id, page, offset };
    core.open(waiter);
    this.#enqueue(waiter);
    core.reply(from, { kind: 'waiting', id, recheck: standing.newer });
  }

  notify(from: Incarnation, message: Extract<SyncRequest, { kind: 'notify' }>, standing: PageStanding): void {
    const { id, page, offset, count = Number.POSITIVE_INFINITY } = message;
    if (standing.kind === 'absent') return this.#core.deny(from, id, standing.code, `${place(page)} does not exist`);
    let woken = 0;
    for (const waiter of this.#pages.get(page)?.get(offset) ?? []) {
      if (woken >= count) break;
      woken += 1;
      this.withdraw(waiter);
      this.#core.reply(waiter.member, { kind: 'woken', id: waiter.id });
    }
    this.#core.reply(from, { kind: 'notified', id, woken });
  }

  withdraw(waiter: Waiter): void {
    this.#core.close(waiter);
    const offsets = this.#pages.get(waiter.page);
    const queue = offsets?.get(waiter.offset);
    queue?.delete(waiter);
    if (queue?.size === 0) offsets?.delete(waiter.offset);
    if (offsets?.size === 0) this.#pages.delete(waiter.page);
  }

  regionDeleted(region: RegionId): void {
    for (const [page, offsets] of this.#pages) {
      if (regionOf(page) !== region) continue;
      for (const queue of offsets.values()) {
        for (const waiter of queue) {
          this.#core.close(waiter);
          this.#core.deny(waiter.member, waiter.id, 'no-such-region', 'the region was deleted');
        }
      }
      this.#pages.delete(page);
    }
  }

  /** A node is gone, perhaps after it had stored and before it could notify: all others look whether what they wait for has come. */
  recheckAll(): void {
    for (const offsets of this.#pages.values()) {
      for (const queue of offsets.values()) {
        for (const { member, id } of queue) this.#core.reply(member, { kind: 'waiting', id, recheck: true });
      }
    }
  }

  #enqueue(waiter: Waiter): void {
    const offsets = this.#pages.get(waiter.page) ?? new Map<number, Set<Waiter>>();
    const queue = offsets.get(waiter.offset) ?? new Set<Waiter>();
    queue.add(waiter);
    offsets.set(waiter.offset, queue);
    this.#pages.set(waiter.page, offsets);
  }
}

const place = (page: PageId): string => `page ${pageIndex(page)} of region ${regionOf(page)}`;
