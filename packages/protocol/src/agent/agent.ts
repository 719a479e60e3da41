import { InvariantError, unreachable } from '../errors.js';
import { type Millis, type PageId, type RegionId, type Right, regionOf, showPage, type Version } from '../ids.js';
import type { CoherenceMessage, PageMessage } from '../messages.js';
import { AgentCore } from './agent-core.js';
import { type AgentEffect, type AgentInput, HOME, type Peer } from './agent-io.js';
import { command, resumeCommands } from './commands.js';
import type { PageRecord, PageStateKind } from './page-record.js';
import { evict, released } from './releases.js';
import { acked, expire, fault, granted, pageArrived, refused, strike } from './requests.js';
import { StepOutput } from './step-output.js';

/**
 * One node's side of the coherence protocol, for all of its pages: what it may do with each, what it has asked for, and what it owes to
 * others. Pure: `step` takes an input and the time and returns what is to be done. After Li and Hudak, "Memory Coherence in Shared Virtual
 * Memory Systems" (1989), with a home for each page and the crash rules listed in `docs/protocol.md`.
 */
export class Agent {
  readonly #core = new AgentCore();

  /** The one door. Effects are to be performed in order, all of them, before the next input. */
  step(now: Millis, input: AgentInput): AgentEffect[] {
    const out = new StepOutput();
    const core = this.#core;
    switch (input.kind) {
      case 'fault':
        for (const page of input.pages) this.#at(page, (record) => fault(core, record, input.right, input.deadline, out));
        break;
      case 'pin':
        this.#pin(input.page, input.right);
        break;
      case 'unpin':
        this.#unpin(input.page, input.right, out);
        break;
      case 'evict':
        for (const page of input.pages) this.#at(page, (record) => evict(core, record, out));
        break;
      case 'message':
        this.#message(now, input.from, input.message, out);
        break;
      case 'region-opened':
        core.regions.set(input.region, { pageBytes: input.pageBytes });
        break;
      case 'region-deleted':
        this.#deleteRegion(input.region, out);
        break;
      case 'tick':
        expire(core, now, out);
        break;
      default:
        unreachable(input);
    }
    return out.finish();
  }

  /** Number of the latest exclusive grant installed here; what was written so far depends on grants up to it. */
  get lastExclusive(): number {
    return this.#core.exposure.lastExclusive;
  }

  /** Every exclusive grant up to this number is confirmed: what was written under them may be told to anybody. */
  get confirmedUpTo(): number {
    return this.#core.exposure.confirmedUpTo;
  }

  /** Pages that cost memory here: held, waited for or kept. */
  get heldPages(): number {
    return this.#core.records.size;
  }

  /** True when some page of `region` costs memory here: its frames may still be needed. */
  holds(region: RegionId): boolean {
    for (const page of this.#core.records.keys()) if (regionOf(page) === region) return true;
    return false;
  }

  /** The state of one page, for tests, checkers and status. */
  stateOf(page: PageId): PageStateKind {
    return this.#core.records.get(page)?.state.kind ?? 'invalid';
  }

  /** What this node may do with the page now, and at which version of its bytes; `undefined` when it may not use it. */
  heldAt(page: PageId): { readonly right: Right; readonly version: Version } | undefined {
    const state = this.#core.records.get(page)?.state;
    switch (state?.kind) {
      case 'exclusive':
        return { right: 'exclusive', version: state.version };
      case 'readonly':
      case 'upgrading':
        return { right: 'readonly', version: state.version };
      default:
        return undefined;
    }
  }

  /** True when the home wants the page and a pin stands in the way: whoever would pin it anew should let it go first. */
  isWanted(page: PageId): boolean {
    return (this.#core.records.get(page)?.deferred.length ?? 0) > 0;
  }

  /** True while a request for the page is under way: what it brings may come at any time, whether or not somebody waits for it still. */
  isAsked(page: PageId): boolean {
    const { kind } = this.#core.records.get(page)?.state ?? { kind: 'invalid' };
    return kind === 'waiting-read' || kind === 'waiting-write' || kind === 'upgrading';
  }

  /**
   * The pages of `region`, or of all regions, that `evict` would give up now: held readonly or exclusive, and not pinned. The exclusive ones
   * come first: they are the only copies.
   */
  *holdings(region?: RegionId): IterableIterator<PageId> {
    for (const right of ['exclusive', 'readonly'] as const) {
      for (const [page, { state, readonlyPins, exclusivePins }] of this.#core.records) {
        const wanted = state.kind === right && readonlyPins + exclusivePins === 0;
        if (wanted && (region === undefined || regionOf(page) === region)) yield page;
      }
    }
  }

  #at(page: PageId, handle: (record: PageRecord) => void): void {
    const record = this.#core.record(page);
    handle(record);
    this.#core.tidy(record);
  }

  #message(now: Millis, from: Peer, message: CoherenceMessage, out: StepOutput): void {
    if (message.kind === 'node-lost') {
      if (from !== HOME) return out.tell({ kind: 'violation', from, what: 'node-lost from an agent' });
      this.#core.lost.add(message.member);
      for (const page of this.#core.waiting) this.#at(page, (record) => strike(this.#core, record, message.member, out));
      return;
    }
    if (from !== HOME && this.#core.lost.has(from)) return out.ignored(message.kind, 'its sender is lost');
    if (from === HOME) this.#fromHome(now, message, out);
    else this.#fromAgent(from, message, out);
  }

  #fromHome(now: Millis, message: PageMessage, out: StepOutput): void {
    const core = this.#core;
    switch (message.kind) {
      case 'grant':
        for (const item of message.items) this.#at(item.page, (record) => granted(core, record, item, out));
        return;
      case 'refused':
        for (const item of message.items) this.#at(item.page, (record) => refused(core, record, item, out));
        return;
      case 'released':
        for (const item of message.items) this.#at(item.page, (record) => released(core, record, now, out));
        return;
      // The three cases below differ only in the type of their items, which TypeScript cannot correlate with `kind` in one case.
      case 'supply':
      case 'downgrade': {
        const { kind } = message;
        for (const item of message.items) this.#at(item.page, (record) => command(core, record, { kind, item }, out));
        return;
      }
      case 'transfer':
        for (const item of message.items) this.#at(item.page, (record) => command(core, record, { kind: 'transfer', item }, out));
        return;
      case 'invalidate':
        for (const item of message.items) this.#at(item.page, (record) => command(core, record, { kind: 'invalidate', item }, out));
        return;
      case 'settled':
        for (const item of message.items) this.#at(item.page, (record) => command(core, record, { kind: 'settled', item }, out));
        return;
      case 'query':
        for (const item of message.items) this.#at(item.page, (record) => command(core, record, { kind: 'query', item }, out));
        return;
      case 'acquire':
      case 'acquired':
      case 'page':
      case 'invalidated':
      case 'downgraded':
      case 'release':
      case 'report':
        out.tell({ kind: 'violation', from: HOME, what: `${message.kind} is not for a home to send` });
        return;
      default:
        unreachable(message);
    }
  }

  #fromAgent(from: Exclude<Peer, typeof HOME>, message: PageMessage, out: StepOutput): void {
    const core = this.#core;
    if (message.kind === 'page') {
      for (const item of message.items) this.#at(item.page, (record) => pageArrived(core, record, from, item, out));
    } else if (message.kind === 'invalidated') {
      for (const item of message.items) this.#at(item.page, (record) => acked(core, record, from, item, out));
    } else {
      out.tell({ kind: 'violation', from, what: `${message.kind} is not for an agent to send to an agent` });
    }
  }

  #pin(page: PageId, right: Right): void {
    const record = this.#core.record(page);
    const { kind } = record.state;
    const allowed = kind === 'exclusive' || (right === 'readonly' && (kind === 'readonly' || kind === 'upgrading'));
    if (!allowed) throw new InvariantError(`pin of page ${showPage(page)} for ${right} access while it is ${kind}`);
    if (right === 'exclusive') record.exclusivePins += 1;
    else record.readonlyPins += 1;
  }

  #unpin(page: PageId, right: Right, out: StepOutput): void {
    const record = this.#core.records.get(page);
    // The pins of a deleted region end with it.
    if (record === undefined) return out.ignored('unpin', 'the region was deleted', page);
    const pins = right === 'exclusive' ? record.exclusivePins : record.readonlyPins;
    if (pins === 0) throw new InvariantError(`unpin of page ${showPage(page)}, which has no ${right} pin`);
    if (right === 'exclusive') record.exclusivePins -= 1;
    else record.readonlyPins -= 1;
    resumeCommands(this.#core, record, out);
    this.#core.tidy(record);
  }

  #deleteRegion(region: RegionId, out: StepOutput): void {
    const core = this.#core;
    for (const [page, record] of core.records) {
      if (regionOf(page) !== region) continue;
      out.memory({ kind: 'revoke', page });
      out.forget(page);
      out.tell({ kind: 'fail', page, code: 'no-such-region' });
      if (record.state.kind.startsWith('releasing')) out.tell({ kind: 'evicted', page });
      core.records.delete(page);
      core.waiting.delete(page);
      core.exposure.confirm(page, undefined, out);
      record.deferred = [];
    }
    core.regions.delete(region);
  }
}
