import {
  atomicWrites,
  checkAtomic,
  checkAtomicRange,
  checkRange,
  checkRegionOptions,
  checkWitnessable,
  limits,
  type Millis,
  PagewireError,
  pageId,
  type RegionShape,
  type ReplyMessage,
  type RequestMessage,
  unreachable,
  type Witness,
} from '@pagewire/protocol';
import type { ServedRegion, ServiceHost } from './service-host.js';
import type { PageSpan } from './service-page-order.js';

/** A request that touches memory. */
export type MemoryRequest = Extract<RequestMessage, { kind: 'read' | 'write' | 'operate' }>;
/** A request about regions or the node. */
export type DirectoryRequest = Exclude<RequestMessage, MemoryRequest>;

export const isMemoryRequest = (request: RequestMessage): request is MemoryRequest =>
  request.kind === 'read' || request.kind === 'write' || request.kind === 'operate';

/** True when the request can change memory. */
export const requestWrites = (request: MemoryRequest): boolean =>
  request.kind === 'write' || (request.kind === 'operate' && atomicWrites(request.atomic.op));

/** Bytes of the request or its answer that the node holds while it is under way. */
export function bytesUnderWay(request: RequestMessage): number {
  if (request.kind === 'read') return request.length;
  return request.kind === 'write' ? request.content.length : 0;
}

/** Throws unless the request fits its region. That it is not too long was seen when it was decoded. */
export function checkMemoryRequest(region: RegionShape, request: MemoryRequest): void {
  switch (request.kind) {
    case 'read':
      checkRange(region, request.offset, request.length);
      if (request.witness === true) checkWitnessable(region, request.offset, request.length);
      return;
    case 'write':
      checkRange(region, request.offset, request.content.length);
      if (request.witness === true) checkWitnessable(region, request.offset, request.content.length);
      return;
    case 'operate':
      checkAtomicRange(region, request.offset, request.atomic.type);
      checkAtomic(request.atomic);
      return;
    default:
      unreachable(request);
  }
}

/** The pages of a checked request; `undefined` when it touches none. */
export function spanOf(region: ServedRegion, request: MemoryRequest): PageSpan | undefined {
  const length = request.kind === 'operate' ? 1 : bytesUnderWay(request);
  if (length === 0) return undefined;
  const first = Math.floor(request.offset / region.pageBytes);
  const last = Math.floor((request.offset + length - 1) / region.pageBytes);
  return {
    first: pageId(region.id, first),
    last: pageId(region.id, last),
    right: requestWrites(request) ? 'exclusive' : 'readonly',
  };
}

/** Keeps what the request needs after the envelope it came in is gone. */
export function keep(request: MemoryRequest): MemoryRequest {
  return request.kind === 'write' ? { ...request, content: request.content.slice() } : request;
}

/** A request for people: `write of 100 bytes at 4096 of region "grid"`. */
export function describeMemory(region: RegionShape, request: MemoryRequest): string {
  const what =
    request.kind === 'operate'
      ? `atomic ${request.atomic.op} on ${request.atomic.type}`
      : `${request.kind} of ${bytesUnderWay(request)} bytes`;
  return `${what} at ${request.offset} of region "${region.name}"`;
}

/** Performs a checked memory request. The bytes of a write are taken before it returns. */
export async function performMemory(region: ServedRegion, request: MemoryRequest, deadline: Millis): Promise<ReplyMessage> {
  const { id } = request;
  let witness: Witness | undefined;
  const performed =
    request.witness === true
      ? (performed: Witness): void => {
          witness = performed;
        }
      : undefined;
  switch (request.kind) {
    case 'read':
      return { kind: 'bytes-read', id, content: await region.read(request.offset, request.length, deadline, performed), witness };
    case 'write':
      await region.write(request.offset, request.content, deadline, performed);
      return { kind: 'written', id, witness };
    case 'operate':
      return { kind: 'operated', id, value: await region.operate(request.offset, request.atomic, deadline, performed), witness };
    default:
      return unreachable(request);
  }
}

/** Performs a request about regions or the node; `opened` is told of each region that was opened. */
export async function performDirectory(
  host: ServiceHost,
  request: DirectoryRequest,
  opened: (region: ServedRegion) => void,
): Promise<ReplyMessage> {
  const { id } = request;
  switch (request.kind) {
    case 'open-region': {
      const { name, bytes, pageBytes } = request;
      const options = { ...(bytes !== undefined && { bytes }), ...(pageBytes !== undefined && { pageBytes }) };
      checkRegionOptions(name, options);
      const region = await host.openRegion(name, options);
      opened(region);
      return {
        kind: 'region-opened',
        id,
        record: { region: region.id, name: region.name, bytes: region.bytes, pageBytes: region.pageBytes },
      };
    }
    case 'delete-region':
      checkRegionOptions(request.name, {});
      await host.deleteRegion(request.name);
      return { kind: 'deleted', id };
    case 'list-regions':
      return { kind: 'regions-listed', id, records: await host.listRegions(request.after) };
    case 'status':
      return { kind: 'status-reported', id, json: checkStatus(host.status()) };
    default:
      return unreachable(request);
  }
}

function checkStatus(json: string): string {
  const bytes = Buffer.byteLength(json);
  if (bytes <= limits.maxStatusBytes) return json;
  throw new PagewireError(
    'overloaded',
    `the status of this node has ${bytes} bytes, and ${limits.maxStatusBytes} can be sent: delete regions`,
  );
}
