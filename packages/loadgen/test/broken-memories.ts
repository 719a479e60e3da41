import { type Atomic, applyAtomic, type ErrorCode, PagewireError } from '@pagewire/protocol';
import type { LoadClient } from '../src/index.js';
import { FakeMemory } from './fake-memory.js';

/** Atomics that read, let others in, and write back what they computed before. */
export class LosesUpdates extends FakeMemory {
  override async atomic(_client: number, offset: number, atomic: Atomic): Promise<number | bigint> {
    const copy = this.bytes.slice();
    const before = applyAtomic(copy, offset, atomic);
    await this.pause();
    this.bytes.set(copy.subarray(offset, offset + 8), offset);
    return before;
  }
}

/** Every `every`th write is acknowledged and dropped. */
export class DropsWrites extends FakeMemory {
  readonly #every: number;
  #writes = 0;

  constructor(every = 40) {
    super();
    this.#every = every;
  }

  override async write(client: number, offset: number, bytes: Uint8Array): Promise<void> {
    this.#writes++;
    if (this.#writes % this.#every === 0) return this.pause();
    return super.write(client, offset, bytes);
  }
}

/** A write becomes visible in two halves. */
export class TearsWrites extends FakeMemory {
  override async write(_client: number, offset: number, bytes: Uint8Array): Promise<void> {
    const half = bytes.length >> 1;
    this.bytes.set(bytes.subarray(0, half), offset);
    await this.pause();
    await this.pause();
    this.bytes.set(bytes.subarray(half), offset + half);
  }
}

/** A read is put together from two moments. */
export class TearsReads extends FakeMemory {
  override async read(_client: number, offset: number, length: number): Promise<Uint8Array> {
    const out = this.bytes.slice(offset, offset + length);
    for (let i = 0; i < 8; i++) await this.pause();
    out.set(this.bytes.subarray(offset + (length >> 1), offset + length), length >> 1);
    return out;
  }
}

/** Client 0 keeps copies of what it read, and nothing ever invalidates them. */
export class ReadsStale extends FakeMemory {
  readonly #cache = new Map<number, Uint8Array>();
  override async read(client: number, offset: number, length: number): Promise<Uint8Array> {
    const bytes = (client === 0 ? this.#cache.get(offset) : undefined) ?? (await super.read(client, offset, length));
    if (client === 0) this.#cache.set(offset, bytes);
    return bytes;
  }
}

/** Every 50th read is answered with the bytes of another place. */
export class ReadsElsewhere extends FakeMemory {
  #reads = 0;
  override async read(client: number, offset: number, length: number): Promise<Uint8Array> {
    this.#reads++;
    return super.read(client, this.#reads % 50 === 0 ? (offset + this.pageBytes) % (this.bytes.length - length) : offset, length);
  }
}

/** After some operations, the pages from the middle on turn to zeros instead of failing with `page-lost`. */
export class ForgetsPages extends FakeMemory {
  #operations = 0;
  override async read(client: number, offset: number, length: number): Promise<Uint8Array> {
    this.#operations++;
    if (this.#operations === 200) this.bytes.fill(0, this.bytes.length >> 1);
    return super.read(client, offset, length);
  }
}

/** Every `every`th change fails with `code`; `applied` says whether it takes effect all the same. */
export class FailsChanges extends FakeMemory {
  readonly #every: number;
  readonly #code: ErrorCode;
  readonly #applied: (failure: number) => boolean;
  #changes = 0;
  #failures = 0;

  constructor(every: number, code: ErrorCode, applied: (failure: number) => boolean) {
    super();
    this.#every = every;
    this.#code = code;
    this.#applied = applied;
  }

  override async write(client: number, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#maybeFail(() => super.write(client, offset, bytes));
    return super.write(client, offset, bytes);
  }

  override async atomic(client: number, offset: number, atomic: Atomic): Promise<number | bigint> {
    if (atomic.op !== 'load') await this.#maybeFail(() => super.atomic(client, offset, atomic));
    return super.atomic(client, offset, atomic);
  }

  async #maybeFail(effect: () => Promise<unknown>): Promise<void> {
    this.#changes++;
    if (this.#changes % this.#every !== 0) return;
    if (this.#applied(this.#failures++)) await effect();
    throw new PagewireError(this.#code, 'planted');
  }
}

/** The `nth` add never ends. */
export class HangsOnce extends FakeMemory {
  readonly #nth: number;
  #adds = 0;

  constructor(nth: number) {
    super();
    this.#nth = nth;
  }

  override async atomic(client: number, offset: number, atomic: Atomic): Promise<number | bigint> {
    if (atomic.op === 'add') this.#adds++;
    if (atomic.op === 'add' && this.#adds === this.#nth) return new Promise(() => {});
    return super.atomic(client, offset, atomic);
  }
}

/** The `nth` compare-exchange that succeeds is answered and not done. */
export class DropsExchange extends FakeMemory {
  readonly #nth: number;
  #exchanges = 0;

  constructor(nth: number) {
    super();
    this.#nth = nth;
  }

  override async atomic(client: number, offset: number, atomic: Atomic): Promise<number | bigint> {
    if (atomic.op === 'compareExchange') this.#exchanges++;
    const dropped = atomic.op === 'compareExchange' && this.#exchanges === this.#nth;
    return super.atomic(client, offset, dropped ? { ...atomic, op: 'load' } : atomic);
  }
}

/** From operation `from` on, every access to the first page fails with `page-lost`. */
export class LosesPage extends FakeMemory {
  protected readonly code: ErrorCode = 'page-lost';
  readonly #from: number;
  #operations = 0;

  constructor(from: number) {
    super();
    this.#from = from;
  }

  override async pause(): Promise<void> {
    this.#operations++;
    return super.pause();
  }
  override async read(client: number, offset: number, length: number): Promise<Uint8Array> {
    this.#check(offset);
    return super.read(client, offset, length);
  }
  override async write(client: number, offset: number, bytes: Uint8Array): Promise<void> {
    this.#check(offset);
    return super.write(client, offset, bytes);
  }
  override async atomic(client: number, offset: number, atomic: Atomic): Promise<number | bigint> {
    this.#check(offset);
    return super.atomic(client, offset, atomic);
  }

  #check(offset: number): void {
    if (offset < this.pageBytes && this.#operations > this.#from) throw new PagewireError(this.code, 'planted');
  }
}

/** From operation `from` on, what client 0 asks is never answered, and its client says that it has no connection, if it `knows`. */
export class CutsOffClient extends FakeMemory {
  readonly #from: number;
  readonly #knows: boolean;
  #operations = 0;

  constructor(from: number, knows: boolean) {
    super();
    this.#from = from;
    this.#knows = knows;
  }

  get #cut(): boolean {
    return this.#operations > this.#from;
  }

  override readonly open = async (index: number): Promise<LoadClient> => {
    const client = await this.openClient(index);
    if (index > 0 || !this.#knows) return client;
    const state = (): string => (this.#cut ? 'reconnecting' : 'open');
    return {
      ...client,
      get state() {
        return state();
      },
    };
  };

  override async read(client: number, offset: number, length: number): Promise<Uint8Array> {
    await this.#answer(client);
    return super.read(client, offset, length);
  }
  override async write(client: number, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#answer(client);
    return super.write(client, offset, bytes);
  }
  override async atomic(client: number, offset: number, atomic: Atomic): Promise<number | bigint> {
    await this.#answer(client);
    return super.atomic(client, offset, atomic);
  }

  async #answer(client: number): Promise<void> {
    this.#operations++;
    if (this.#cut && client === 0) await new Promise(() => {});
  }
}

/** From operation `from` on, every access to the first page fails with `timeout`. */
export class BlocksPage extends LosesPage {
  protected override readonly code: ErrorCode = 'timeout';
}
