import {
  AddressWait,
  type AtomicType,
  applyAtomic,
  checkAtomicRange,
  invariant,
  type Millis,
  millis,
  type PageId,
  PagewireError,
  pageId,
  type Right,
  type SyncReply,
  showValue,
  type Version,
  type WaitInput,
  type WaitReply,
} from '@pagewire/protocol';
import { Access, type AccessTerms } from '../access.js';
import { Deferred } from '../deferred.js';
import type { PagedRegion } from '../paged-region.js';
import type { Pager } from '../pager.js';
import { timeoutOf } from './arguments.js';
import { Question } from './question.js';
import type { WaitLimit, WaitResult } from './sync-objects.js';
import type { Asker, SyncRequests } from './sync-requests.js';

export interface AddressWaitPorts {
  readonly requests: SyncRequests;
  readonly pager: Pick<Pager, 'admit' | 'makeRoom' | 'wait'>;
  /** How long a look at the value waits for its page before it asks again. */
  readonly faultTimeoutMs: number;
  /** Does what a timer or a promise led to. What it throws is a bug. */
  guard(work: () => void): void;
  /** What this node may do with a page now, and at which version of its bytes. */
  heldAt(page: PageId): { readonly right: Right; readonly version: Version } | undefined;
}

/** Where a wait looks, and for what. */
interface Address {
  readonly region: PagedRegion;
  readonly offset: number;
  readonly expected: number | bigint;
}

/** The waits of this node on addresses, and its notifies. */
export class AddressWaits {
  readonly #ports: AddressWaitPorts;

  constructor(ports: AddressWaitPorts) {
    this.#ports = ports;
  }

  /** See `Region.wait`. Ends with what `stop` is given, when it is called before. */
  wait(address: Address, options: WaitLimit | undefined, owner: WaitOwner): Promise<WaitResult> {
    const { record } = address.region;
    const { expected, offset } = address;
    const type = typeOf(expected);
    checkAtomicRange(record, offset, type);
    const timeoutMs = timeoutOf(options, `a wait on region "${record.name}"`);
    return new OneWait(this.#ports, { ...address, type }, timeoutMs, owner).result;
  }

  /** See `Region.notify`. */
  notify(region: PagedRegion, offset: number, count: number): Promise<number> {
    const { record } = region;
    checkAtomicRange(record, offset, 'int32');
    if (!(count === Number.POSITIVE_INFINITY || (Number.isSafeInteger(count) && count >= 0))) {
      throw new PagewireError('bad-argument', `the count of a notify is a whole number of 0 or more, or Infinity, not ${showValue(count)}`);
    }
    const at = { page: pageId(region.id, Math.floor(offset / record.pageBytes)), offset: offset % record.pageBytes };
    const question = new Question<number>(
      this.#ports.requests,
      { kind: 'notify', ...at, ...(count === Number.POSITIVE_INFINITY ? {} : { count }) },
      {
        what: `a notify on region "${record.name}"`,
        // The coordinator answers at once.
        timeoutMs: Number.POSITIVE_INFINITY,
        take: (reply) => (reply.kind === 'notified' ? reply.woken : undefined),
      },
    );
    return question.answer;
  }
}

/** Keeps the books of the waits made through it. */
export interface WaitOwner {
  began(wait: StoppableWait): void;
  ended(wait: StoppableWait): void;
}
export interface StoppableWait {
  stop(error: PagewireError): void;
}

function typeOf(expected: number | bigint): Extract<AtomicType, 'int32' | 'bigint64'> {
  if (typeof expected === 'bigint') return 'bigint64';
  if (typeof expected === 'number' && Number.isInteger(expected)) return 'int32';
  throw new PagewireError('bad-argument', `a wait expects an integer (int32) or a bigint (bigint64), not ${showValue(expected)}`);
}

/** Drives the machine of one wait. */
class OneWait implements Asker, StoppableWait {
  readonly #ports: AddressWaitPorts;
  readonly #region: PagedRegion;
  readonly #index: number;
  /** In the page. */
  readonly #offset: number;
  readonly #type: 'int32' | 'bigint64';
  readonly #expected: number | bigint;
  readonly #owner: WaitOwner;
  readonly #machine = new AddressWait();
  readonly #outcome = new Deferred<WaitResult>();
  #timer: NodeJS.Timeout | undefined;
  /** Its registration, while there is one. */
  #id: number | undefined;
  /** Its look, while the page is waited for. */
  #parked: LookAccess | undefined;
  #over = false;

  constructor(ports: AddressWaitPorts, address: Address & { readonly type: 'int32' | 'bigint64' }, timeoutMs: number, owner: WaitOwner) {
    this.#ports = ports;
    this.#region = address.region;
    const { pageBytes } = address.region.record;
    this.#index = Math.floor(address.offset / pageBytes);
    this.#offset = address.offset % pageBytes;
    this.#type = address.type;
    // What memory can hold, as `Atomics.wait` takes it.
    this.#expected = typeof address.expected === 'bigint' ? BigInt.asIntN(64, address.expected) : address.expected | 0;
    this.#owner = owner;
    owner.began(this);
    if (timeoutMs === 0) this.#step({ kind: 'expired' });
    else if (timeoutMs < Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => ports.guard(() => this.#step({ kind: 'expired' })), timeoutMs);
    this.#look();
  }

  get result(): Promise<WaitResult> {
    return this.#outcome.promise;
  }

  replied(reply: SyncReply): void {
    if (reply.kind !== 'waiting') this.#id = undefined;
    // The number is that of a wait, and the coordinator answers it with what answers waits; a bug there ends as an unknown case.
    this.#step({ kind: 'reply', reply: reply as WaitReply });
  }

  failed(error: PagewireError): void {
    this.#end(error);
  }

  stop({ code, message }: PagewireError): void {
    this.#step({ kind: 'stop', why: { code, message } });
  }

  #step(input: WaitInput): void {
    if (this.#over) return;
    for (const effect of this.#machine.step(input)) {
      if (effect.kind === 'look') this.#look();
      else if (effect.kind === 'register') this.#register(effect.version);
      else if (effect.kind === 'cancel') this.#cancel();
      else if (typeof effect.outcome === 'string') this.#end(effect.outcome);
      else this.#end(new PagewireError(effect.outcome.code, `${this.#what}: ${effect.outcome.message}`));
    }
  }

  get #what(): string {
    return `a wait on page ${this.#index} of region "${this.#region.record.name}"`;
  }

  /** Compares now, or as soon as the page is here: then before it can be taken away again. */
  #look(): void {
    if (this.#over) return;
    const { pager, faultTimeoutMs } = this.#ports;
    this.#trying(() => {
      const { gone, memory } = this.#region;
      if (gone !== undefined) throw new PagewireError(gone.code, gone.message);
      const now: Millis = pager.admit();
      if (this.#region.permits(this.#index, 'readonly')) return this.#compare();
      this.#step({ kind: 'parked' });
      if (this.#over) return;
      pager.makeRoom(1);
      const access = new LookAccess({ memory, right: 'readonly', deadline: millis(now + faultTimeoutMs) }, () => this.#compare());
      access.promise.catch((error) => this.#ports.guard(() => this.#lookFailed(error)));
      this.#parked = access;
      pager.wait(access, this.#region, [this.#index]);
    });
  }

  /** A page that does not come in the time of an access is waited for as long as the wait itself goes on. */
  #lookFailed(error: unknown): void {
    if (error instanceof PagewireError && error.code === 'timeout') this.#look();
    else this.#stopWith(error);
  }

  #compare(): void {
    const held = this.#ports.heldAt(pageId(this.#region.id, this.#index));
    invariant(held !== undefined, `page ${this.#index} of "${this.#region.record.name}" may be read, so it is held`);
    const load = { op: 'load', type: this.#type, operand: 0, replacement: 0 } as const;
    const value = applyAtomic(this.#region.memory.view(this.#index), this.#offset, load);
    this.#step({ kind: 'looked', equal: value === this.#expected, ...held });
  }

  #register(version: Version): void {
    const page = pageId(this.#region.id, this.#index);
    this.#trying(() => {
      this.#id = this.#ports.requests.ask({ kind: 'wait', page, offset: this.#offset, version }, this);
    });
  }

  #cancel(): void {
    if (this.#id !== undefined) this.#ports.requests.cancel(this.#id);
  }

  #trying(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#stopWith(error);
    }
  }

  #stopWith(error: unknown): void {
    if (!(error instanceof PagewireError)) throw error;
    // Without a registration nobody answers a cancel.
    if (this.#id === undefined) this.#end(error);
    else this.stop(error);
  }

  #end(outcome: WaitResult | PagewireError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#parked?.drop();
    this.#owner.ended(this);
    if (outcome instanceof PagewireError) this.#outcome.reject(outcome);
    else this.#outcome.resolve(outcome);
  }
}

/** Runs once, when the page may be read. */
class LookAccess extends Access<void> {
  readonly #look: () => void;

  constructor(terms: AccessTerms, look: () => void) {
    super(terms);
    this.#look = look;
  }

  run(): void {
    this.#look();
    this.finish();
  }

  /** Nobody wants to know any more. */
  drop(): void {
    if (!this.settled) this.finish();
  }
}
