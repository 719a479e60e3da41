import { type Atomic, invariant, type Performed, type RegionId, type RegionOptions, type Right, type Witness } from '@pagewire/protocol';
import type { ClusterNode } from '../cluster-node.js';
import type { MemoryWindow } from '../memory.js';
import type { RegionHandle } from '../region-handle.js';
import type { Obtainable, Obtained } from '../sync/sync-calls.js';
import type { WaitLimit } from '../sync/sync-objects.js';
import type { GainedPin, ObjectNumber, OpenedRegion, OpenedWindow, WitnessedAnswer } from './calls.js';
import { type Methods, ServedObjects } from './served-objects.js';
import type { SharedState } from './shared-state.js';

/** What the program's thread may do with a node and all that it opens there. */
export class ProgramCalls {
  readonly objects = new ServedObjects();
  readonly #node: ClusterNode;
  readonly #shared: SharedState;
  /** The words that say whether the regions that are open here still exist. */
  readonly #gone = new Map<RegionId, { readonly word: SharedArrayBuffer; handles: number }>();

  constructor(node: ClusterNode, shared: SharedState) {
    this.#node = node;
    this.#shared = shared;
    node.onRegionGone((region) => {
      const gone = this.#gone.get(region);
      if (gone !== undefined) Atomics.store(new Int32Array(gone.word), 0, 1);
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
    const { id, name, bytes, pageBytes } = handle;
    const gone = this.#gone.get(id) ?? { word: new SharedArrayBuffer(4), handles: 0 };
    gone.handles += 1;
    this.#gone.set(id, gone);
    // What was opened through the handle ends with it.
    const parts = new Set<ObjectNumber>();
    const object = this.objects.add({
      read: (offset: number, length: number) => handle.read(offset, length),
      write: (offset: number, bytes: Uint8Array) => handle.write(offset, bytes),
      operate: (offset: number, atomic: Atomic) => handle.operate(offset, atomic),
      witnessedRead: (offset: number, length: number) => witnessed((performed) => handle.witnessed.read(offset, length, performed)),
      witnessedWrite: (offset: number, bytes: Uint8Array) => witnessed((performed) => handle.witnessed.write(offset, bytes, performed)),
      witnessedOperate: (offset: number, atomic: Atomic) => witnessed((performed) => handle.witnessed.operate(offset, atomic, performed)),
      prefetch: (offset: number, length: number, right?: Right) => handle.prefetch(offset, length, right),
      pin: (offset: number, length: number, right?: Right) => this.#pinned(handle, parts, { offset, length, right }),
      wait: (offset: number, expected: number | bigint, options?: WaitLimit) => handle.wait(offset, expected, options),
      notify: (offset: number, count: number) => handle.notify(offset, count),
      map: (range: { offset: number; bytes: number }) => this.#mapped(handle.mapNow(range), parts),
      whole: () => this.#mapped(handle.whole(), parts),
      close: async () => {
        this.objects.delete(object);
        for (const part of parts) this.objects.delete(part);
        gone.handles -= 1;
        if (gone.handles === 0 && this.#gone.get(id) === gone) this.#gone.delete(id);
        await handle.close();
      },
    });
    return { object, id, name, bytes, pageBytes, gone: gone.word };
  }

  async #pinned(
    handle: RegionHandle,
    parts: Set<ObjectNumber>,
    { offset, length, right }: { readonly offset: number; readonly length: number; readonly right: Right | undefined },
  ): Promise<GainedPin> {
    const { life } = this.#shared;
    const pin = await handle.pin(offset, length, right);
    const object = this.objects.add({
      release: () => {
        this.objects.delete(object);
        parts.delete(object);
        pin.release();
      },
    });
    parts.add(object);
    return { object, offset: pin.offset, length: pin.length, right: pin.right, life, frames: pin.bytes };
  }

  #mapped(window: MemoryWindow, parts: Set<ObjectNumber>): OpenedWindow {
    const { offset, bytes, buffer, memory } = window;
    const object = this.objects.add({
      close: () => {
        this.objects.delete(object);
        parts.delete(object);
        window.close();
      },
    });
    parts.add(object);
    return { object, offset, bytes, buffer, memory };
  }
}

/** A promise cannot be sent to the other thread, so the answer waits until the access is confirmed. */
async function witnessed<T>(access: (performed: Performed) => Promise<T>): Promise<WitnessedAnswer<T>> {
  const seen: { witness?: Witness; confirmed?: Promise<void> | undefined } = {};
  const value = await access((witness, confirmed) => {
    seen.witness = witness;
    seen.confirmed = confirmed;
  });
  await seen.confirmed;
  const { witness } = seen;
  invariant(witness !== undefined, 'an access has ended without a witness');
  return { value, witness };
}
