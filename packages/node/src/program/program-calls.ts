import type { Atomic, RegionId, RegionOptions, Right } from '@pagewire/protocol';
import type { ClusterNode } from '../cluster-node.js';
import type { MemoryWindow } from '../memory.js';
import type { RegionHandle } from '../region-handle.js';
import type { Obtainable, Obtained } from '../sync/sync-calls.js';
import type { WaitLimit } from '../sync/sync-objects.js';
import type { GainedPin, OpenedRegion, OpenedWindow } from './calls.js';
import { type Methods, ServedObjects } from './served-objects.js';
import type { SharedState } from './shared-state.js';

/** What the program's thread may do with a node and all that it opens there. */
export class ProgramCalls {
  readonly objects = new ServedObjects();
  readonly #node: ClusterNode;
  readonly #shared: SharedState;
  /** The words that say whether the regions that are open here still exist. */
  readonly #gone = new Map<RegionId, SharedArrayBuffer>();

  constructor(node: ClusterNode, shared: SharedState) {
    this.#node = node;
    this.#shared = shared;
    node.onRegionGone((region) => {
      const gone = this.#gone.get(region);
      if (gone !== undefined) Atomics.store(new Int32Array(gone), 0, 1);
      this.#gone.delete(region);
    });
    this.objects.add(this.#nodeMethods());
  }

  #nodeMethods(): Methods {
    const node = this.#node;
    return {
      region: async (name: string, options: RegionOptions) => this.#opened(await node.region(name, options)),
      regions: () => node.regions(),
      deleteRegion: (name: string) => node.deleteRegion(name),
      obtain: (what: Obtainable, timeoutMs: number) => node.syncCalls.obtain(what, timeoutMs),
      giveBack: (obtained: Obtained) => node.syncCalls.giveBack(obtained),
      arrive: (name: string, parties: number, timeoutMs: number) => node.syncCalls.arrive(name, parties, timeoutMs),
      close: () => node.close(),
    };
  }

  #opened(handle: RegionHandle): OpenedRegion {
    const object = this.objects.add({
      read: (offset: number, length: number) => handle.read(offset, length),
      write: (offset: number, bytes: Uint8Array) => handle.write(offset, bytes),
      operate: (offset: number, atomic: Atomic) => handle.operate(offset, atomic),
      prefetch: (offset: number, length: number, right?: Right) => handle.prefetch(offset, length, right),
      pin: (offset: number, length: number, right?: Right) => this.#pinned(handle, offset, length, right),
      wait: (offset: number, expected: number | bigint, options?: WaitLimit) => handle.wait(offset, expected, options),
      notify: (offset: number, count: number) => handle.notify(offset, count),
      map: (range: { offset: number; bytes: number }) => this.#mapped(handle.mapNow(range)),
      whole: () => this.#mapped(handle.whole()),
      close: async () => {
        this.objects.delete(object);
        await handle.close();
      },
    });
    const { id, name, bytes, pageBytes } = handle;
    const gone = this.#gone.get(id) ?? new SharedArrayBuffer(4);
    this.#gone.set(id, gone);
    return { object, id, name, bytes, pageBytes, gone };
  }

  async #pinned(handle: RegionHandle, offset: number, length: number, right?: Right): Promise<GainedPin> {
    const { life } = this.#shared;
    const pin = await handle.pin(offset, length, right);
    const object = this.objects.add({
      release: () => {
        this.objects.delete(object);
        pin.release();
      },
    });
    return { object, offset: pin.offset, length: pin.length, right: pin.right, life, frames: pin.bytes };
  }

  #mapped(window: MemoryWindow): OpenedWindow {
    const { offset, bytes, buffer, memory } = window;
    const object = this.objects.add({
      close: () => {
        this.objects.delete(object);
        window.close();
      },
    });
    return { object, offset, bytes, buffer, memory };
  }
}
