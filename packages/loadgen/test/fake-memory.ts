import {
  type Atomic,
  type AtomicOp,
  type AtomicType,
  type AtomicValue,
  applyAtomic,
  PagewireError,
  type RegionAccess,
} from '@pagewire/protocol';
import type { LoadClient } from '../src/index.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A correct shared memory in one process: every operation takes effect at one instant between its start and its end. */
export class FakeMemory {
  bytes = new Uint8Array(0);
  pageBytes = 0;
  openClients = 0;
  deleted = 0;

  /** Lets other operations in. */
  pause(): Promise<void> {
    return turn();
  }

  async read(_client: number, offset: number, length: number): Promise<Uint8Array> {
    await this.pause();
    const copy = this.bytes.slice(offset, offset + length);
    await this.pause();
    return copy;
  }

  async write(_client: number, offset: number, bytes: Uint8Array): Promise<void> {
    await this.pause();
    this.bytes.set(bytes, offset);
    await this.pause();
  }

  async atomic(_client: number, offset: number, atomic: Atomic): Promise<number | bigint> {
    await this.pause();
    const before = applyAtomic(this.bytes, offset, atomic);
    await this.pause();
    return before;
  }

  readonly open = (client: number): Promise<LoadClient> => this.openClient(client);

  protected async openClient(client: number): Promise<LoadClient> {
    this.openClients++;
    return {
      region: async (name, { bytes, pageBytes }) => this.#region(client, name, { bytes, pageBytes }),
      deleteRegion: async () => {
        this.deleted++;
      },
      close: async () => {
        this.openClients--;
      },
    };
  }

  #region(client: number, name: string, { bytes, pageBytes }: { readonly bytes: number; readonly pageBytes: number }): RegionAccess {
    if (this.bytes.length === 0) this.bytes = new Uint8Array(bytes);
    if (this.bytes.length !== bytes) throw new PagewireError('region-mismatch', `region "${name}" has ${this.bytes.length} bytes`);
    this.pageBytes = pageBytes;
    const operation =
      (op: AtomicOp) =>
      async <T extends AtomicType>(
        type: T,
        offset: number,
        operand?: AtomicValue<T>,
        replacement?: AtomicValue<T>,
      ): Promise<AtomicValue<T>> => {
        const zero = type === 'bigint64' ? 0n : 0;
        const before = await this.atomic(client, offset, { op, type, operand: operand ?? zero, replacement: replacement ?? zero });
        // An atomic answers in the type that it was asked in.
        return before as AtomicValue<T>;
      };
    return {
      name,
      bytes,
      pageBytes,
      read: (offset, length) => this.read(client, offset, length),
      write: (offset, data) => this.write(client, offset, data),
      atomics: {
        load: operation('load'),
        store: operation('store'),
        add: operation('add'),
        sub: operation('sub'),
        and: operation('and'),
        or: operation('or'),
        xor: operation('xor'),
        exchange: operation('exchange'),
        compareExchange: operation('compareExchange'),
      },
    };
  }
}
