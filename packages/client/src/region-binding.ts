import { PagewireError, type RegionId, type RegionRecord, type RequestMessage } from '@pagewire/protocol';
import { clientDefaults } from './connect-options.js';
import type { Operation } from './operation.js';
import { OperationQueue } from './operation-queue.js';

/**
 * What ties region handles to a region at the node. One life of a coordinator never gives a number twice, and another starts elsewhere: as
 * long as the name still has this number, and with it the same shape, on a new link, the handles are good there too.
 */
export interface RegionBinding {
  readonly record: RegionRecord;
  /** Number of the link on which the node has confirmed the region. Operations wait in `parked` until that is the link that is up. */
  confirmedOn: number;
  /** Set when the region was deleted: the error that every operation ends with. */
  gone: PagewireError | undefined;
  readonly parked: OperationQueue;
  /** The next attempt to confirm the region, after one that failed. */
  retry: NodeJS.Timeout | undefined;
}

/** What the bindings need of their session. */
export interface BindingHost {
  /** Raised when a link comes up and when it ends: names the link that is up. */
  readonly linkNumber: number;
  /** Asks the node for the region, before everything else that waits; fails when the link ends. */
  askSetup(request: (id: number) => Extract<RequestMessage, { kind: 'open-region' }>): Promise<RegionRecord>;
  /** Gives back what was parked: to be sent now, or to end with `binding.gone`. */
  unpark(operations: readonly Operation[]): void;
}

/** The regions that this client has opened, by id. */
export class RegionBindings {
  readonly #bindings = new Map<RegionId, RegionBinding>();
  readonly #host: BindingHost;

  constructor(host: BindingHost) {
    this.#host = host;
  }

  /** The binding of a region that the node has just confirmed. */
  bind(record: RegionRecord): RegionBinding {
    const known = this.#bindings.get(record.region);
    if (known !== undefined && isSame(known.record, record)) {
      this.#confirmed(known);
      return known;
    }
    if (known !== undefined) this.#lose(known, 'was deleted, and its number is that of another region now');
    const binding: RegionBinding = {
      record,
      confirmedOn: this.#host.linkNumber,
      gone: undefined,
      parked: new OperationQueue(),
      retry: undefined,
    };
    this.#bindings.set(record.region, binding);
    return binding;
  }

  /** The node says that the region is no more. */
  deleted(region: RegionId): void {
    const binding = this.#bindings.get(region);
    if (binding !== undefined) this.#lose(binding, 'was deleted');
  }

  /** The link ended: whoever was parked is the session's again. */
  linkEnded(): void {
    for (const binding of this.#bindings.values()) {
      clearTimeout(binding.retry);
      binding.parked.takeAll();
    }
  }

  /** A new link is up, perhaps to a new life of the node: asks for every region by its name. */
  confirmAll(): void {
    for (const binding of this.#bindings.values()) void this.#confirm(binding);
  }

  async #confirm(binding: RegionBinding): Promise<void> {
    const link = this.#host.linkNumber;
    const { name } = binding.record;
    try {
      const record = await this.#host.askSetup((id) => ({ kind: 'open-region', id, name }));
      if (link !== this.#host.linkNumber || binding.gone !== undefined) return;
      if (!isSame(record, binding.record)) {
        this.#lose(binding, 'was deleted and made anew while the client was not connected');
        return;
      }
      this.#confirmed(binding);
    } catch (error) {
      if (link !== this.#host.linkNumber || binding.gone !== undefined) return;
      if (!(error instanceof PagewireError)) throw error;
      if (error.code === 'no-such-region') this.#lose(binding, 'was deleted');
      // Anything else is about the node's moment, not about the region; its operations wait, each until its own deadline.
      else if (error.code !== 'closed') binding.retry = setTimeout(() => void this.#confirm(binding), clientDefaults.confirmEveryMs);
    }
  }

  /** The node has named the region on the link that is up: what waited for that can go. */
  #confirmed(binding: RegionBinding): void {
    clearTimeout(binding.retry);
    binding.confirmedOn = this.#host.linkNumber;
    this.#host.unpark(binding.parked.takeAll());
  }

  #lose(binding: RegionBinding, what: string): void {
    this.#bindings.delete(binding.record.region);
    clearTimeout(binding.retry);
    binding.gone = new PagewireError('no-such-region', `region "${binding.record.name}" ${what}: open it again to go on`);
    this.#host.unpark(binding.parked.takeAll());
  }
}

const isSame = (a: RegionRecord, b: RegionRecord): boolean =>
  a.region === b.region && a.name === b.name && a.bytes === b.bytes && a.pageBytes === b.pageBytes;
