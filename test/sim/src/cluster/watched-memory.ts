import type { ChosenMemory, MemoryShape, PageMemory } from '@pagewire/node/parts';
import type { Product } from './product-bundle.js';

/** What the watcher of one node's memory is told, right after it happened. */
export interface MemoryWatcher {
  permitted(page: number, right: 'readonly' | 'exclusive', bytes: Uint8Array): void;
  ended(page: number, keeps: 'readonly' | 'nothing', bytes: Uint8Array): void;
  revokedAll(): void;
  /** A program reaches the bytes of a page. */
  used(page: number, bytes: Uint8Array): void;
}

/** Software memory of the product, watched. */
export function watchedMemory(product: Product, watcher: MemoryWatcher): ChosenMemory {
  class WatchedMemory extends product.SoftwareMemory {
    constructor(shape: MemoryShape) {
      super(shape);
    }

    override permit(index: number, right: 'readonly' | 'exclusive'): void {
      super.permit(index, right);
      watcher.permitted(index, right, this.view(index));
    }

    override protect(index: number): void {
      super.protect(index);
      watcher.ended(index, 'readonly', this.view(index));
    }

    override revoke(index: number): void {
      super.revoke(index);
      watcher.ended(index, 'nothing', this.view(index));
    }

    override revokeAll(): void {
      super.revokeAll();
      watcher.revokedAll();
    }

    /** Programs reach their bytes here; the pager uses `view`. */
    override range(offset: number, length: number): Uint8Array {
      const first = Math.floor(offset / this.pageBytes);
      const last = Math.floor((offset + Math.max(1, length) - 1) / this.pageBytes);
      for (let index = first; index <= last; index += 1) watcher.used(index, this.view(index));
      return super.range(offset, length);
    }

    override forget(index: number): void {
      super.forget(index);
      // Garbage, so that a use of it is seen.
      this.view(index).fill(0xee);
    }
  }
  const allocate = (shape: MemoryShape): PageMemory => new WatchedMemory(shape);
  return { ...product.softwareMemory('a simulation'), allocate };
}
