import { atomicWrites, limits, type RegionRecord, type ReplyMessage, type RequestMessage } from '@pagewire/protocol';
import type { RegionBinding } from './region-binding.js';

/** What each request is answered with, when it is not `failed`. */
export const replyKinds = {
  'open-region': 'region-opened',
  'delete-region': 'deleted',
  'list-regions': 'regions-listed',
  status: 'status-reported',
  read: 'bytes-read',
  write: 'written',
  operate: 'operated',
} as const satisfies Record<RequestMessage['kind'], ReplyMessage['kind']>;

/** The successful reply to request `R`. */
export type ReplyTo<R extends RequestMessage> = Extract<ReplyMessage, { kind: (typeof replyKinds)[R['kind']] }>;

/** One request on its way: waiting to be sent, or sent and not yet answered. */
export interface Operation {
  request: RequestMessage;
  /** The region it works on, if any: it is sent only on a link on which the node has confirmed the region. */
  readonly binding: RegionBinding | undefined;
  /** Milliseconds of `performance.now()`. */
  readonly deadline: number;
  /** Part of setting up one link: ends with that link. */
  readonly setup: boolean;
  /** Given to the link that is up now. */
  sent: boolean;
  /** Ended: a place in a queue that still names it is skipped. */
  over: boolean;
  /** Called inside the handler of the envelope, so that bytes that alias it can be copied. */
  readonly succeed: (reply: ReplyMessage) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * True when doing the request twice is the same as doing it once. Opening a region is: the second time it finds what the first made.
 * Deleting is not: between the two somebody may have made a new region of that name.
 */
export function repeatable(request: RequestMessage): boolean {
  switch (request.kind) {
    case 'read':
    case 'status':
    case 'list-regions':
    case 'open-region':
      return true;
    case 'operate':
      return !atomicWrites(request.atomic.op);
    case 'write':
    case 'delete-region':
      return false;
  }
}

/** True when `reply` is what `request` asked for, so that its fields can be trusted. */
export function answers(request: RequestMessage, reply: ReplyMessage): boolean {
  if (reply.kind === 'failed') return true;
  if (reply.kind !== replyKinds[request.kind]) return false;
  if ('witness' in request && request.witness === true && !('witness' in reply && reply.witness !== undefined)) return false;
  if (request.kind === 'read' && reply.kind === 'bytes-read') return reply.content.length === request.length;
  if (request.kind === 'operate' && reply.kind === 'operated') {
    return typeof reply.value === (request.atomic.type === 'bigint64' ? 'bigint' : 'number');
  }
  if (request.kind === 'open-region' && reply.kind === 'region-opened') return reply.record.name === request.name && isSound(reply.record);
  if (request.kind === 'list-regions' && reply.kind === 'regions-listed') return isAscending(reply.records, request.after ?? -1);
  return true;
}

function isSound({ bytes, pageBytes }: RegionRecord): boolean {
  const pageFits = pageBytes >= limits.minPageBytes && pageBytes <= limits.maxPageBytes && Number.isInteger(Math.log2(pageBytes));
  return pageFits && bytes > 0 && bytes <= limits.maxRegionBytes;
}

function isAscending(records: readonly RegionRecord[], after: number): boolean {
  return records.every((record, index) => record.region > (records[index - 1]?.region ?? after));
}

/** Bytes that the request carries to the node. */
export const contentBytes = (request: RequestMessage): number => (request.kind === 'write' ? request.content.length : 0);

/** Bytes that the request and its answer carry. */
export const travellingBytes = (request: RequestMessage): number => (request.kind === 'read' ? request.length : contentBytes(request));

/** A request for people: `write of 100 bytes at 4096 of region "grid"`. */
export function describe(request: RequestMessage, binding: RegionBinding | undefined): string {
  const region = `region "${binding?.record.name ?? ''}"`;
  switch (request.kind) {
    case 'read':
      return `read of ${request.length} bytes at ${request.offset} of ${region}`;
    case 'write':
      return `write of ${request.content.length} bytes at ${request.offset} of ${region}`;
    case 'operate':
      return `atomic ${request.atomic.op} on ${request.atomic.type} at ${request.offset} of ${region}`;
    case 'open-region':
      return `opening region "${request.name}"`;
    case 'delete-region':
      return `deleting region "${request.name}"`;
    case 'list-regions':
      return 'listing regions';
    case 'status':
      return 'status request';
  }
}
