import { type Atomic, applyAtomic, incarnation, PagewireError, type Performed, version, type WitnessedAccess } from '@pagewire/protocol';
import type { WitnessedRegion } from '../src/index.js';

/** A region of one node in one array. Every access is performed at once, and ends when the test lets it. */
export class WitnessedMemory implements WitnessedRegion {
  readonly name = 'grid';
  readonly bytes = 1 << 16;
  readonly pageBytes = 4096;
  readonly memory = new Uint8Array(this.bytes);
  /** What accesses end with when set, performed or not. */
  failure: PagewireError | undefined;
  isPerformed = true;
  /** What accesses are confirmed by. */
  confirmed: Promise<void> | undefined;
  #serial = 0;

  readonly witnessed: WitnessedAccess = {
    read: (offset, length, performed) => this.#access(performed, () => this.memory.slice(offset, offset + length)),
    write: (offset, bytes, performed) => this.#access(performed, () => this.memory.set(bytes, offset)),
    operate: (offset, atomic: Atomic, performed) => this.#access(performed, () => applyAtomic(this.memory, offset, atomic)),
  };

  fail(code: PagewireError['code'], isPerformed: boolean): void {
    this.failure = new PagewireError(code, 'the test says so');
    this.isPerformed = isPerformed;
  }

  async #access<T>(performed: Performed, effect: () => T): Promise<T> {
    if (!this.isPerformed && this.failure !== undefined) throw this.failure;
    const value = effect();
    this.#serial += 1;
    performed({ incarnation: incarnation(1), version: version(1), serial: this.#serial }, this.confirmed);
    if (this.failure !== undefined) throw this.failure;
    return value;
  }
}
