import { isRegionId, type RegionId, regionId } from '../ids.js';
import { limits } from '../limits.js';
import type { Member, Message, MessageKind, NodeCounters, PageItems, PageMessageKind, RegionRecord } from '../messages.js';
import type { Witness } from '../witness.js';
import { atomic, atomicValue } from './atomic.js';
import { blob, longText } from './contents.js';
import {
  constant,
  count,
  countUpTo,
  duration,
  type Field,
  fields,
  flag,
  list,
  optional,
  scalar,
  string,
  text,
  trailing,
} from './fields.js';
import * as item from './items.js';
import { address, between, syncName } from './sync-fields.js';

/** The message of one kind. */
export type MessageOf<K extends MessageKind> = Extract<Message, { readonly kind: K }>;

/** How messages of one kind travel: the code that is the first value of the header, and the fields that follow. */
export interface Row<M extends Message = Message> {
  readonly code: number;
  readonly message: Field<M>;
}

const region: Field<RegionId> = scalar('a region id', isRegionId, regionId(0));
const nodeName = string('a name', limits.maxNodeNameBytes);
const regionName = string('a region name', limits.maxRegionNameBytes);
const urls = list(string('a url', limits.maxUrlBytes), limits.maxUrlsPerMember);
const memberEntry = fields<Member>({ incarnation: item.member, name: nodeName, urls });
const counters = fields<NodeCounters>({
  readFaults: count,
  writeFaults: count,
  pagesSent: count,
  pagesReceived: count,
  prefetched: count,
  clientOperations: count,
  residentPages: count,
});
const witnessed = trailing(flag);
const witness = trailing(fields<Witness>({ incarnation: item.member, version: item.pageVersion, serial: count }));
const record = fields<RegionRecord>({ region, name: regionName, bytes: count, pageBytes: count });

type ItemsMessage<K extends PageMessageKind> = { readonly kind: K; readonly items: readonly PageItems[K][] };

function items<K extends PageMessageKind>(kind: K, one: Field<PageItems[K]>): Field<ItemsMessage<K>> {
  const many = list(one, limits.maxItemsPerMessage);
  return {
    write: (out, message) => many.write(out, message.items),
    read: (input) => ({ kind, items: many.read(input) }),
  };
}

/**
 * Every kind of message. A new one is a row here and its type in `messages.ts`. The codes and the order of fields are the wire format:
 * changing them needs a new `PROTOCOL_VERSION`.
 */
export const rows: { readonly [K in MessageKind]: Row<MessageOf<K>> } = {
  acquire: { code: 1, message: items('acquire', item.acquireItem) },
  grant: { code: 2, message: items('grant', item.grantItem) },
  supply: { code: 3, message: items('supply', item.supplyItem) },
  downgrade: { code: 4, message: items('downgrade', item.supplyItem) },
  transfer: { code: 5, message: items('transfer', item.transferItem) },
  invalidate: { code: 6, message: items('invalidate', item.invalidateItem) },
  page: { code: 7, message: items('page', item.pageItem) },
  invalidated: { code: 8, message: items('invalidated', item.requestItem) },
  downgraded: { code: 9, message: items('downgraded', item.downgradedItem) },
  acquired: { code: 10, message: items('acquired', item.requestItem) },
  settled: { code: 11, message: items('settled', item.versionItem) },
  release: { code: 12, message: items('release', item.releaseItem) },
  released: { code: 13, message: items('released', item.versionItem) },
  refused: { code: 14, message: items('refused', item.refusedItem) },
  query: { code: 15, message: items('query', item.queryItem) },
  report: { code: 16, message: items('report', item.reportItem) },
  'node-lost': { code: 17, message: fields({ kind: constant('node-lost'), member: item.member }) },

  join: { code: 32, message: fields({ kind: constant('join'), name: nodeName, urls, previous: optional(item.member) }) },
  joined: {
    code: 33,
    message: fields({
      kind: constant('joined'),
      cluster: nodeName,
      incarnation: item.member,
      leaseMs: duration,
      renewEveryMs: duration,
      waitedMs: duration,
    }),
  },
  members: {
    code: 34,
    message: fields({ kind: constant('members'), epoch: count, members: list(memberEntry, limits.maxNodes) }),
  },
  renew: { code: 35, message: fields({ kind: constant('renew'), sentAt: duration, counters }) },
  renewed: { code: 36, message: fields({ kind: constant('renewed'), sentAt: duration }) },
  leave: { code: 37, message: fields({ kind: constant('leave') }) },
  left: { code: 38, message: fields({ kind: constant('left') }) },
  suspect: { code: 39, message: fields({ kind: constant('suspect'), member: item.member }) },
  expelled: { code: 40, message: fields({ kind: constant('expelled'), reason: text(limits.maxTextBytes) }) },

  lock: { code: 48, message: fields({ kind: constant('lock'), id: count, name: syncName }) },
  'take-permits': {
    code: 49,
    message: fields({
      kind: constant('take-permits'),
      id: count,
      name: syncName,
      permits: between(1, limits.maxPermits),
      count: between(1, limits.maxPermits),
    }),
  },
  'give-back': { code: 50, message: fields({ kind: constant('give-back'), id: count }) },
  arrive: {
    code: 51,
    message: fields({ kind: constant('arrive'), id: count, name: syncName, parties: between(1, limits.maxSyncWaitersPerObject) }),
  },
  wait: {
    code: 52,
    message: fields({ kind: constant('wait'), id: count, page: item.page, offset: address, version: item.pageVersion }),
  },
  notify: {
    code: 53,
    message: fields({ kind: constant('notify'), id: count, page: item.page, offset: address, count: optional(count) }),
  },
  cancel: { code: 54, message: fields({ kind: constant('cancel'), id: count }) },

  'open-region': {
    code: 64,
    message: fields({ kind: constant('open-region'), id: count, name: regionName, bytes: optional(count), pageBytes: optional(count) }),
  },
  'delete-region': { code: 65, message: fields({ kind: constant('delete-region'), id: count, name: regionName }) },
  'list-regions': { code: 66, message: fields({ kind: constant('list-regions'), id: count, after: optional(region) }) },
  status: { code: 67, message: fields({ kind: constant('status'), id: count }) },
  read: {
    code: 68,
    message: fields({
      kind: constant('read'),
      id: count,
      region,
      offset: count,
      length: countUpTo(limits.maxOperationBytes),
      witness: witnessed,
    }),
  },
  write: {
    code: 69,
    message: fields({
      kind: constant('write'),
      id: count,
      region,
      offset: count,
      content: blob(limits.maxOperationBytes),
      witness: witnessed,
    }),
  },
  operate: { code: 70, message: fields({ kind: constant('operate'), id: count, region, offset: count, atomic, witness: witnessed }) },

  obtained: { code: 80, message: fields({ kind: constant('obtained'), id: count, token: count, abandoned: flag }) },
  'given-back': { code: 81, message: fields({ kind: constant('given-back'), id: count }) },
  passed: { code: 82, message: fields({ kind: constant('passed'), id: count, generation: count }) },
  waiting: { code: 83, message: fields({ kind: constant('waiting'), id: count, recheck: flag }) },
  'look-again': { code: 84, message: fields({ kind: constant('look-again'), id: count }) },
  woken: { code: 85, message: fields({ kind: constant('woken'), id: count }) },
  notified: { code: 86, message: fields({ kind: constant('notified'), id: count, woken: count }) },
  cancelled: { code: 87, message: fields({ kind: constant('cancelled'), id: count }) },
  denied: { code: 88, message: fields({ kind: constant('denied'), id: count, code: item.errorCode, message: text(limits.maxTextBytes) }) },

  'region-opened': { code: 96, message: fields({ kind: constant('region-opened'), id: count, record }) },
  deleted: { code: 97, message: fields({ kind: constant('deleted'), id: count }) },
  'regions-listed': {
    code: 98,
    message: fields({ kind: constant('regions-listed'), id: count, records: list(record, limits.maxRegionsPerList) }),
  },
  'status-reported': { code: 99, message: fields({ kind: constant('status-reported'), id: count, json: longText(limits.maxStatusBytes) }) },
  'bytes-read': {
    code: 100,
    message: fields({ kind: constant('bytes-read'), id: count, content: blob(limits.maxOperationBytes), witness }),
  },
  written: { code: 101, message: fields({ kind: constant('written'), id: count, witness }) },
  operated: { code: 102, message: fields({ kind: constant('operated'), id: count, value: atomicValue, witness }) },
  failed: { code: 103, message: fields({ kind: constant('failed'), id: count, code: item.errorCode, message: text(limits.maxTextBytes) }) },
  'region-deleted': { code: 112, message: fields({ kind: constant('region-deleted'), region }) },
};
