import { type AddressRange, AliasMapping, AppMapping, type FaultHandler, Memfd, probe, Userfaultfd } from '../src/index.js';
import { Accessor } from './accessor.js';

/** The end of a test's title: why it cannot run here, where it cannot. */
export const here = probe();
export const unlessHere = here.supported ? '' : ` (skipped: ${here.reasons.join(' ')})`;

/** Registered memory of a few pages with all that belongs to it, and threads that touch it. */
export class World {
  readonly pageBytes = here.pageBytes;
  readonly memfd: Memfd;
  readonly alias: AliasMapping;
  readonly app: AppMapping;
  readonly userfaultfd = Userfaultfd.open();
  readonly #accessors: Accessor[] = [];

  constructor(pages: number) {
    const bytes = pages * this.pageBytes;
    this.memfd = Memfd.create('userfaultfd-test', bytes);
    this.alias = AliasMapping.of(this.memfd);
    this.app = AppMapping.over(this.memfd, { offset: 0, bytes });
    this.userfaultfd.register(this.app);
  }

  /** The range of some pages of the app mapping. */
  pages(first: number, count = 1): AddressRange {
    return { address: this.app.address + first * this.pageBytes, bytes: count * this.pageBytes };
  }

  /** The index of a page's first 32-bit word. */
  word(page: number): number {
    return (page * this.pageBytes) / 4;
  }

  /** The words of the frames, as the alias mapping sees them. */
  get frames(): Int32Array {
    const { buffer, byteOffset, byteLength } = this.alias.bytes;
    return new Int32Array(buffer, byteOffset, byteLength / 4);
  }

  pageOf(address: number): number {
    return (address - this.app.address) / this.pageBytes;
  }

  accessor(): Accessor {
    const accessor = new Accessor(this.app.buffer);
    this.#accessors.push(accessor);
    return accessor;
  }

  /** Hears of faults until `count` have come; the promise then gives them. Each is served by `serve`. */
  faults(count: number, serve: FaultHandler): Promise<readonly SeenFault[]> {
    return new Promise((resolve) => {
      const seen: SeenFault[] = [];
      this.userfaultfd.listen((address, kind, write, threadId) => {
        seen.push({ page: this.pageOf(address), kind, write, threadId });
        serve(address, kind, write, threadId);
        if (seen.length === count) resolve(seen);
      });
    });
  }

  async close(): Promise<void> {
    // First, for it frees the threads that are stuck in faults.
    this.userfaultfd.close();
    await Promise.all(this.#accessors.map((accessor) => accessor.stop()));
    this.app.close();
    this.alias.close();
    this.memfd.close();
  }
}

export interface SeenFault {
  readonly page: number;
  readonly kind: string;
  readonly write: boolean;
  readonly threadId: number;
}
