import {
  checkRegionOptions,
  type ErrorCode,
  limits,
  PagewireError,
  type RegionId,
  type RegionOptions,
  type RegionRecord,
  type ReplyMessage,
} from '@pagewire/protocol';
import type { ChosenMemory } from './choose-memory.js';
import type { Question } from './coordinator-session.js';
import { PagedRegion } from './paged-region.js';
import type { Pager } from './pager.js';
import type { Region } from './region.js';
import { RegionHandle } from './region-handle.js';

export interface OpenRegionsOptions {
  readonly pager: Pager;
  readonly memory: ChosenMemory;
  readonly faultTimeoutMs: number;
  /** Asks the coordinator. */
  ask(question: Question): Promise<ReplyMessage>;
  /** Resolves when the pager holds nothing of the region any more, or it has taken too long. */
  released(region: PagedRegion): Promise<void>;
}

interface OpenRegion {
  readonly paged: PagedRegion;
  readonly handles: Set<RegionHandle>;
}

/** The regions that this node has open. Handles of one region share its memory; they outlive a fence, and find the region again by name. */
export class OpenRegions {
  readonly #options: OpenRegionsOptions;
  readonly #byId = new Map<RegionId, OpenRegion>();
  /** One handle for each region that clients use, made when the first of them opens it. */
  readonly #served = new Map<RegionId, Region>();
  readonly #deletionListeners = new Set<(region: RegionId) => void>();

  constructor(options: OpenRegionsOptions) {
    this.#options = options;
  }

  async open(name: string, options: RegionOptions): Promise<Region> {
    checkRegionOptions(name, options);
    const record = await this.#record(name, options);
    const region = this.#byId.get(record.region) ?? this.#admit(record);
    return this.#handle(region);
  }

  async openServed(name: string, options: RegionOptions): Promise<Region> {
    checkRegionOptions(name, options);
    const record = await this.#record(name, options);
    const served = this.#served.get(record.region);
    if (served !== undefined) return served;
    const handle = this.#handle(this.#byId.get(record.region) ?? this.#admit(record));
    this.#served.set(record.region, handle);
    return handle;
  }

  served(id: RegionId): Region | undefined {
    return this.#served.get(id);
  }

  async delete(name: string): Promise<void> {
    checkRegionOptions(name, {});
    await this.#options.ask({ kind: 'delete-region', name });
  }

  async list(): Promise<readonly RegionRecord[]> {
    const all: RegionRecord[] = [];
    for (;;) {
      const after = all.at(-1)?.region;
      const reply = await this.#options.ask(after === undefined ? { kind: 'list-regions' } : { kind: 'list-regions', after });
      if (reply.kind !== 'regions-listed') return wrongAnswer('list-regions', reply);
      all.push(...reply.records);
      if (reply.records.length < limits.maxRegionsPerList) return all;
    }
  }

  /** The records of the regions open here. */
  get records(): RegionRecord[] {
    return Array.from(this.#byId.values(), ({ paged }) => paged.record);
  }

  onDeleted(listener: (region: RegionId) => void): () => void {
    this.#deletionListeners.add(listener);
    return () => this.#deletionListeners.delete(listener);
  }

  /** The coordinator says that the region does not exist any more. */
  deleted(id: RegionId): void {
    const region = this.#byId.get(id);
    if (region !== undefined)
      this.#end(region, 'no-such-region', `region "${region.paged.record.name}" was deleted; open it again to create it anew`);
  }

  /** After a rejoin: looks every region up again. One that is gone, or is another by the same name, is over for its handles. */
  async reopen(): Promise<void> {
    await Promise.all(Array.from(this.#byId.values(), (region) => this.#reopen(region)));
  }

  /** This is another life of the coordinator, which has none of the regions that the last one had, whatever their numbers. */
  endAll(): void {
    for (const region of this.#byId.values()) {
      const { name } = region.paged.record;
      this.#end(region, 'no-such-region', `region "${name}" ended with the coordinator that held it; open it again to create it anew`);
    }
  }

  /** Lets every pin go. */
  releasePins(): void {
    for (const { handles } of this.#byId.values()) for (const handle of handles) handle.releasePins();
  }

  async #record(name: string, { bytes, pageBytes }: RegionOptions): Promise<RegionRecord> {
    const reply = await this.#options.ask({ kind: 'open-region', name, bytes, pageBytes });
    return reply.kind === 'region-opened' ? reply.record : wrongAnswer('open-region', reply);
  }

  #admit(record: RegionRecord): OpenRegion {
    const paged = new PagedRegion(record, this.#options.memory.allocate(record));
    const region = { paged, handles: new Set<RegionHandle>() };
    this.#byId.set(record.region, region);
    this.#options.pager.addRegion(paged);
    return region;
  }

  #handle(region: OpenRegion): Region {
    const { pager, faultTimeoutMs } = this.#options;
    const handle = new RegionHandle(region.paged, { pager, faultTimeoutMs, closed: (closed) => this.#close(region, closed) });
    region.handles.add(handle);
    return handle;
  }

  async #close(region: OpenRegion, handle: RegionHandle): Promise<void> {
    region.handles.delete(handle);
    const { paged, handles } = region;
    if (handles.size > 0 || paged.gone !== undefined) return;
    const { pager, released } = this.#options;
    pager.failWaiting(paged, { code: 'closed', message: `region "${paged.record.name}" was closed while an access to it waited` });
    await released(paged);
    // It may have been opened again, and its frames may still be wanted by the protocol (a kept copy, a request under way).
    if (handles.size === 0 && paged.gone === undefined && pager.heldPages === 0) this.#forget(region);
  }

  async #reopen(region: OpenRegion): Promise<void> {
    const { paged, handles } = region;
    if (handles.size === 0) return this.#forget(region);
    try {
      const record = await this.#record(paged.record.name, {});
      if (record.region === paged.id) return;
      this.#end(region, 'no-such-region', `region "${record.name}" was deleted and created anew while this node was out; open it again`);
    } catch (error) {
      if (!(error instanceof PagewireError) || error.code !== 'no-such-region') throw error;
      this.#end(
        region,
        'no-such-region',
        `region "${paged.record.name}" was deleted while this node was out; open it again to create it anew`,
      );
    }
  }

  #end(region: OpenRegion, code: ErrorCode, message: string): void {
    const { paged } = region;
    paged.gone = { code, message };
    this.#byId.delete(paged.id);
    this.#served.delete(paged.id);
    this.#options.pager.regionDeleted(paged);
    for (const listener of this.#deletionListeners) listener(paged.id);
  }

  #forget({ paged }: OpenRegion): void {
    this.#byId.delete(paged.id);
    this.#options.pager.dropRegion(paged);
  }
}

function wrongAnswer(question: string, reply: ReplyMessage): never {
  throw new PagewireError(
    'protocol-violation',
    `the coordinator answered ${question} with "${reply.kind}"; it may be another version of pagewire`,
  );
}
