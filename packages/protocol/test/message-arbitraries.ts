import fc from 'fast-check';
import { type Atomic, type AtomicOp, type AtomicType, atomicBytes, atomicOps } from '../src/atomics.js';
import type { MessageOf } from '../src/codec/rows.js';
import { utf8Bytes } from '../src/codec/text.js';
import { type ErrorCode, errorCodes } from '../src/errors.js';
import { incarnation, type PageId, pageId, type Right, regionId, requestId, version } from '../src/ids.js';
import { limits } from '../src/limits.js';
import type { Content, GrantItem, Member, Message, MessageKind, RegionRecord } from '../src/messages.js';

const count = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.constantFrom(2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER));
const region = fc.integer({ min: 0, max: 2 ** 20 - 1 }).map(regionId);
const page: fc.Arbitrary<PageId> = fc.tuple(region, fc.integer({ min: 0, max: 2 ** 32 - 1 })).map(([r, index]) => pageId(r, index));
const id = count.map(requestId);
const pageVersion = count.map(version);
const member = count.map(incarnation);
const right = fc.constantFrom<Right>('readonly', 'exclusive');
const keep = fc.boolean();
const code = fc.constantFrom(...(Object.keys(errorCodes) as ErrorCode[]));
const duration = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((ms) => ms + 0);

const bytes = (minLength: number) => fc.uint8Array({ minLength, maxLength: 96 });
const content: fc.Arbitrary<Content> = fc.oneof(fc.constant<'zero'>('zero'), bytes(1));
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Text of any characters, of at most `maxBytes` of UTF-8. */
const text = (maxBytes: number) =>
  fc
    .oneof(fc.string({ unit: 'binary', maxLength: maxBytes }), fc.string({ maxLength: maxBytes }), fc.constant('x'.repeat(maxBytes)))
    .filter((some) => utf8Bytes(some) <= maxBytes && !some.startsWith('\ufeff'));
const regionName = text(limits.maxRegionNameBytes);
const nodeName = text(limits.maxNodeNameBytes);
const urls = fc.array(text(limits.maxUrlBytes), { maxLength: limits.maxUrlsPerMember });

const grant: fc.Arbitrary<GrantItem> = fc
  .record({ page, id, right, version: pageVersion, ackers: fc.array(member, { maxLength: limits.maxNodes }) })
  .chain((item) =>
    fc.oneof(
      content.map((some): GrantItem => ({ ...item, source: 'content', content: some })),
      fc.constantFrom('own', 'peer').map((source): GrantItem => ({ ...item, source })),
    ),
  );
const syncName = fc.stringMatching(/^[\x21-\x7e]{1,128}$/);
const address = fc.integer({ min: 0, max: limits.maxPageBytes / 4 - 1 }).map((element) => element * 4);
const permits = fc.integer({ min: 1, max: limits.maxPermits });
const supply = fc.record({ page, id, to: member, version: pageVersion });
const request = fc.record({ page, id });
const versions = fc.record({ page, version: pageVersion });
const witness = fc.record({ incarnation: member, version: pageVersion, serial: count });
const record: fc.Arbitrary<RegionRecord> = fc.record({ region, name: regionName, bytes: count, pageBytes: count });
const memberEntry: fc.Arbitrary<Member> = fc.record({ incarnation: member, name: nodeName, urls });

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const integer = fc.maxSafeInteger();
const operands: Record<AtomicType, fc.Arbitrary<number | bigint>> = { int32: integer, uint32: integer, bigint64: int64 };
const atomic: fc.Arbitrary<Atomic> = fc
  .record({ op: fc.constantFrom<AtomicOp>(...atomicOps), type: fc.constantFrom(...(Object.keys(atomicBytes) as AtomicType[])) })
  .chain((named) =>
    fc.record({
      op: fc.constant(named.op),
      type: fc.constant(named.type),
      operand: operands[named.type],
      replacement: operands[named.type],
    }),
  );

function items<K extends string, T>(kind: K, item: fc.Arbitrary<T>): fc.Arbitrary<{ kind: K; items: T[] }> {
  return fc.record({ kind: fc.constant(kind), items: fc.array(item, { maxLength: 6 }) });
}

/** Messages of each kind, as a correct program may build them. */
export const messages: { readonly [K in MessageKind]: fc.Arbitrary<MessageOf<K>> } = {
  acquire: items('acquire', fc.record({ page, id, right, held: maybe(pageVersion) })),
  grant: items('grant', grant),
  supply: items('supply', supply),
  downgrade: items('downgrade', supply),
  transfer: items('transfer', fc.record({ page, id, to: member, version: pageVersion, keep })),
  invalidate: items('invalidate', fc.record({ page, id, to: member, keep })),
  page: items('page', fc.record({ page, id, version: pageVersion, content })),
  invalidated: items('invalidated', request),
  downgraded: items('downgraded', fc.record({ page, id, version: pageVersion, content })),
  acquired: items('acquired', request),
  settled: items('settled', versions),
  release: items('release', fc.record({ page, version: pageVersion, content: maybe(content) })),
  released: items('released', versions),
  refused: items('refused', fc.record({ page, id, code })),
  query: items('query', fc.record({ page, round: count })),
  report: items(
    'report',
    fc.record({
      page,
      round: count,
      holding: fc.constantFrom('exclusive', 'readonly', 'pending', 'kept', 'none'),
      version: pageVersion,
      content: maybe(content),
    }),
  ),
  'node-lost': fc.record({ kind: fc.constant('node-lost'), member }),
  join: fc.record({ kind: fc.constant('join'), name: nodeName, urls, previous: maybe(member) }),
  joined: fc.record({
    kind: fc.constant('joined'),
    cluster: nodeName,
    incarnation: member,
    leaseMs: duration,
    renewEveryMs: duration,
    waitedMs: duration,
  }),
  members: fc.record({ kind: fc.constant('members'), epoch: count, members: fc.array(memberEntry, { maxLength: limits.maxNodes }) }),
  renew: fc.record({
    kind: fc.constant('renew'),
    sentAt: duration,
    counters: fc.record({
      readFaults: count,
      writeFaults: count,
      pagesSent: count,
      pagesReceived: count,
      prefetched: count,
      clientOperations: count,
      residentPages: count,
    }),
  }),
  renewed: fc.record({ kind: fc.constant('renewed'), sentAt: duration }),
  leave: fc.record({ kind: fc.constant('leave') }),
  left: fc.record({ kind: fc.constant('left') }),
  suspect: fc.record({ kind: fc.constant('suspect'), member }),
  expelled: fc.record({ kind: fc.constant('expelled'), reason: text(limits.maxTextBytes) }),
  lock: fc.record({ kind: fc.constant('lock'), id: count, name: syncName }),
  'take-permits': fc.record({ kind: fc.constant('take-permits'), id: count, name: syncName, permits, count: permits }),
  'give-back': fc.record({ kind: fc.constant('give-back'), id: count }),
  arrive: fc.record({
    kind: fc.constant('arrive'),
    id: count,
    name: syncName,
    parties: fc.integer({ min: 1, max: limits.maxSyncWaitersPerObject }),
  }),
  wait: fc.record({ kind: fc.constant('wait'), id: count, page, offset: address, version: pageVersion }),
  notify: fc.record({ kind: fc.constant('notify'), id: count, page, offset: address, count: maybe(count) }),
  cancel: fc.record({ kind: fc.constant('cancel'), id: count }),
  obtained: fc.record({ kind: fc.constant('obtained'), id: count, token: count, abandoned: fc.boolean() }),
  'given-back': fc.record({ kind: fc.constant('given-back'), id: count }),
  passed: fc.record({ kind: fc.constant('passed'), id: count, generation: count }),
  waiting: fc.record({ kind: fc.constant('waiting'), id: count, recheck: fc.boolean() }),
  'look-again': fc.record({ kind: fc.constant('look-again'), id: count }),
  woken: fc.record({ kind: fc.constant('woken'), id: count }),
  notified: fc.record({ kind: fc.constant('notified'), id: count, woken: count }),
  cancelled: fc.record({ kind: fc.constant('cancelled'), id: count }),
  denied: fc.record({ kind: fc.constant('denied'), id: count, code, message: text(limits.maxTextBytes) }),
  'open-region': fc.record({ kind: fc.constant('open-region'), id: count, name: regionName, bytes: maybe(count), pageBytes: maybe(count) }),
  'delete-region': fc.record({ kind: fc.constant('delete-region'), id: count, name: regionName }),
  'list-regions': fc.record({ kind: fc.constant('list-regions'), id: count, after: maybe(region) }),
  status: fc.record({ kind: fc.constant('status'), id: count }),
  read: fc.record({
    kind: fc.constant('read'),
    id: count,
    region,
    offset: count,
    length: fc.nat(limits.maxOperationBytes),
    witness: maybe(fc.boolean()),
  }),
  write: fc.record({ kind: fc.constant('write'), id: count, region, offset: count, content: bytes(0), witness: maybe(fc.boolean()) }),
  operate: fc.record({ kind: fc.constant('operate'), id: count, region, offset: count, atomic, witness: maybe(fc.boolean()) }),
  'region-opened': fc.record({ kind: fc.constant('region-opened'), id: count, record }),
  deleted: fc.record({ kind: fc.constant('deleted'), id: count }),
  'regions-listed': fc.record({
    kind: fc.constant('regions-listed'),
    id: count,
    records: fc.array(record, { maxLength: limits.maxRegionsPerList }),
  }),
  'status-reported': fc.record({ kind: fc.constant('status-reported'), id: count, json: text(4096) }),
  'bytes-read': fc.record({ kind: fc.constant('bytes-read'), id: count, content: bytes(0), witness: maybe(witness) }),
  written: fc.record({ kind: fc.constant('written'), id: count, witness: maybe(witness) }),
  operated: fc.record({ kind: fc.constant('operated'), id: count, value: fc.oneof(int64, integer), witness: maybe(witness) }),
  failed: fc.record({ kind: fc.constant('failed'), id: count, code, message: text(limits.maxTextBytes) }),
  'region-deleted': fc.record({ kind: fc.constant('region-deleted'), region }),
};

// Object.keys forgets that the keys are kinds.
export const kinds = Object.keys(messages) as MessageKind[];
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(...Object.values<fc.Arbitrary<Message>>(messages));
