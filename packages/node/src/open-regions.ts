import {
  checkRegionOptions,
  isRegionShape,
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
import { RegionHandle } from './region-handle.js';
import type { AddressWaits } from './sync/address-waits.js';
import type { BegunWrites } from './sync/begun-writes.js';

export interface OpenRegionsOptions {
  readonly pager: Pager;
  readonly memory: ChosenMemory;
  readonly faultTimeoutMs: number;
  readonly waits: AddressWaits;
  readonly begunWrites: BegunWrites;
  /** Asks the coordinator. `take` is given the answer before anything else that the coordinator says is heard. */
  ask<T>(question: Question, take: (reply: ReplyMessage) => T): Promise<T>;
  /** To be called with each region that is opened here. */
  servePlain(region: PagedRegion): void;
  /** Resolves when the pager holds nothing of the region any more, it is in use again, or it has taken too long. */
  released(region: PagedRegion): Promise<void>;
}

/** The wait before the pager is asked again whether the frames of a closed region are still needed. */
const forgetEveryMs = 100;

/** The regions that this node has open. Handles of one region share its memory; they outlive a fence, and find the region again by name. */
export class OpenRegions {
  readonly #options: OpenRegionsOptions;
  readonly #byId = new Map<RegionId, PagedRegion>();
  /** One handle for each region that clients use, made when the first of them opens it. */
  readonly #served = new Map<RegionId, RegionHandle>();
  readonly #deletionListeners = new Set<(region: RegionId) => void>();

  constructor(options: OpenRegionsOptions) {
    this.#options = options;
  }

  async open(name: string, options: RegionOptions): Promise<RegionHandle> {
    return await this.#opened(name, options, (region) => this.#handle(region));
  }

  async openServed(name: string, options: RegionOptions): Promise<RegionHandle> {
    return await this.#opened(name, options, (region) => {
      const served = this.#served.get(region.id) ?? this.#handle(region);
      this.#served.set(region.id, served);
      return served;
    });
  }

  served(id: RegionId): RegionHandle | undefined {
    return this.#served.get(id);
  }

  async delete(name: string): Promise<void> {
    checkRegionOptions(name, {});
    await this.#options.ask({ kind: 'delete-region', name }, () => undefined);
  }

  /** Every region of the cluster. */
  async list(): Promise<readonly RegionRecord[]> {
    const all: RegionRecord[] = [];
    for (;;) {
      const records = await this.page(all.at(-1)?.region);
      all.push(...records);
      if (records.length < limits.maxRegionsPerList) return all;
    }
  }

  /** The regions of the cluster after number `after`, ascending; when there are fewer than `limits.maxRegionsPerList`, these are the last. */
  async page(after: RegionId | undefined): Promise<readonly RegionRecord[]> {
    const question: Question = after === undefined ? { kind: 'list-regions' } : { kind: 'list-regions', after };
    return await this.#options.ask(question, (reply) =>
      reply.kind === 'regions-listed' ? reply.records : wrongAnswer('list-regions', reply),
    );
  }

  /** The records of the regions open here. */
  get records(): RegionRecord[] {
    return Array.from(this.#byId.values(), ({ record }) => record);
  }

  onDeleted(listener: (region: RegionId) => void): () => void {
    this.#deletionListeners.add(listener);
    return () => this.#deletionListeners.delete(listener);
  }

  /** The coordinator says that the region does not exist any more. */
  deleted(id: RegionId): void {
    const region = this.#byId.get(id);
    if (region !== undefined) this.#end(region, `region "${region.record.name}" was deleted; open it again to create it anew`);
  }

  /** After a rejoin: looks every region up again. One that is gone, or is another by the same name, is over for its handles. */
  async reopen(): Promise<void> {
    await Promise.all(Array.from(this.#byId.values(), (region) => this.#reopen(region)));
  }

  /** This is another life of the coordinator, which has none of the regions that the last one had, whatever their numbers. */
  endAll(): void {
    for (const region of this.#byId.values()) {
      this.#end(region, `region "${region.record.name}" ended with the coordinator that held it; open it again to create it anew`);
    }
  }

  /** Lets every pin go. */
  releasePins(): void {
    for (const { handles } of this.#byId.values()) for (const handle of handles) handle.releasePins();
  }

  /** Opens a region. `take` has it while it is certain to exist: the next thing the coordinator says may be that it does not. */
  #opened<T>(name: string, options: RegionOptions, take: (region: PagedRegion) => T): Promise<T> {
    checkRegionOptions(name, options);
    return this.#lookUp(name, options, (record) => take(this.#byId.get(record.region) ?? this.#admit(record)));
  }

  #lookUp<T>(name: string, { bytes, pageBytes }: RegionOptions, take: (record: RegionRecord) => T): Promise<T> {
    return this.#options.ask({ kind: 'open-region', name, bytes, pageBytes }, (reply) =>
      reply.kind === 'region-opened' && reply.record.name === name && isRegionShape(reply.record)
        ? take(reply.record)
        : wrongAnswer('open-region', reply),
    );
  }

  #admit(record: RegionRecord): PagedRegion {
    const region = new PagedRegion(record, this.#options.memory.allocate(record));
    this.#byId.set(record.region, region);
    this.#options.servePlain(region);
    this.#options.pager.addRegion(region);
    return region;
  }

  #handle(region: PagedRegion): RegionHandle {
    const { pager, faultTimeoutMs, waits, begunWrites } = this.#options;
    const handle = new RegionHandle(region, {
      pager,
      faultTimeoutMs,
      waits,
      begunWrites,
      closed: (closed) => this.#close(region, closed),
    });
    region.handles.add(handle);
    return handle;
  }

  async #close(region: PagedRegion, handle: RegionHandle): Promise<void> {
    region.handles.delete(handle);
    if (region.inUse) return;
    if (region.gone !== undefined) return region.memory.close();
    const { pager, released } = this.#options;
    pager.failWaiting(region, { code: 'closed', message: `region "${region.record.name}" was closed while an access to it waited` });
    await released(region);
    this.#forgetUnheld(region);
  }

  /** Its frames may still be wanted by the protocol (a kept copy, a request under way): tries until they are not, or it is in use again. */
  #forgetUnheld(region: PagedRegion): void {
    if (region.inUse || this.#byId.get(region.id) !== region) return;
    const { pager, released } = this.#options;
    if (!pager.holds(region)) return this.#forget(region);
    setTimeout(() => void released(region).then(() => this.#forgetUnheld(region)), forgetEveryMs).unref();
  }

  async #reopen(region: PagedRegion): Promise<void> {
    if (!region.inUse) return this.#forget(region);
    const { name } = region.record;
    try {
      await this.#lookUp(name, {}, (found) => {
        if (found.region !== region.id)
          this.#end(region, `region "${name}" was deleted and created anew while this node was out; open it again`);
      });
    } catch (error) {
      if (!(error instanceof PagewireError) || error.code !== 'no-such-region') throw error;
      this.#end(region, `region "${name}" was deleted while this node was out; open it again to create it anew`);
    }
  }

  #end(region: PagedRegion, message: string): void {
    if (this.#byId.get(region.id) !== region) return;
    region.gone = { code: 'no-such-region', message };
    this.#byId.delete(region.id);
    const served = this.#served.get(region.id);
    if (served !== undefined) region.handles.delete(served);
    this.#served.delete(region.id);
    this.#options.pager.regionDeleted(region);
    if (!region.inUse) region.memory.close();
    for (const listener of this.#deletionListeners) listener(region.id);
  }

  #forget(region: PagedRegion): void {
    if (this.#byId.get(region.id) !== region) return;
    this.#byId.delete(region.id);
    this.#options.pager.dropRegion(region);
    region.memory.close();
  }
}

function wrongAnswer(question: string, reply: ReplyMessage): never {
  throw new PagewireError(
    'protocol-violation',
    `the coordinator answered ${question} with "${reply.kind}"; it may be another version of pagewire`,
  );
}
