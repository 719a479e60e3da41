import { InvariantError } from '../errors.js';
import { type Incarnation, type Millis, type PageId, type RegionId, type RequestId, regionOf, requestId, showPage } from '../ids.js';
import type { Content } from '../messages.js';
import type { Peer } from './agent-io.js';
import { Exposure } from './exposure.js';
import { frameInUse, isBlank, newRecord, type PageRecord } from './page-record.js';
import type { StepOutput } from './step-output.js';

/** The state that the parts of the agent share. */
export class AgentCore {
  readonly exposure = new Exposure();
  readonly records = new Map<PageId, PageRecord>();
  /** Pages that accesses wait for: a request is under way, or will be when a release has ended. */
  readonly waiting = new Set<PageId>();
  readonly regions = new Map<RegionId, { readonly pageBytes: number }>();
  /** Nodes declared lost: nothing they sent counts any more (I5). */
  readonly lost = new Set<Incarnation>();
  #requests = 0;

  nextRequest(): RequestId {
    this.#requests += 1;
    return requestId(this.#requests);
  }

  record(page: PageId): PageRecord {
    let record = this.records.get(page);
    if (record === undefined) {
      record = newRecord(page);
      this.records.set(page, record);
    }
    return record;
  }

  /** A page that is not held, not waited for and not kept costs nothing. */
  tidy(record: PageRecord): void {
    if (isBlank(record)) this.records.delete(record.page);
  }

  pageBytes(page: PageId): number {
    const region = this.regions.get(regionOf(page));
    if (region === undefined) throw new InvariantError(`page ${showPage(page)} belongs to a region that is not open here`);
    return region.pageBytes;
  }

  /** True when `content` is a whole page of its region. */
  isWhole(page: PageId, content: Content): boolean {
    return content === 'zero' || (content instanceof Uint8Array && content.byteLength === this.pageBytes(page));
  }

  /** Lets the frame go once nothing needs its bytes. */
  forgetFrame(record: PageRecord, out: StepOutput): void {
    if (!frameInUse(record)) out.forget(record.page);
  }
}

/** How a handler says that the peer broke the rules. */
export function violation(out: StepOutput, from: Peer, record: PageRecord, what: string): void {
  out.tell({ kind: 'violation', from, what: `${what} for page ${showPage(record.page)}, which is ${record.state.kind} here` });
}

/** A deadline that never passes. */
export const NEVER = Number.POSITIVE_INFINITY as Millis;
