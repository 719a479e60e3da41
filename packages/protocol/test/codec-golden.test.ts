import { describe, expect, it } from 'vitest';
import { rows } from '../src/codec/rows.js';
import { incarnation, pageId, regionId, requestId, version } from '../src/ids.js';
import type { Message } from '../src/messages.js';
import { accepted, envelopeOf } from './envelopes.js';

const page = pageId(regionId(3), 17);
const id = requestId(300);
const bytes = Uint8Array.of(0xde, 0xad, 0xbe, 0xef);
const hex = (envelope: Uint8Array): string => Buffer.from(envelope).toString('hex');

// Peers of one PROTOCOL_VERSION agree on these bytes. A change here needs a new version.
const golden: readonly (readonly [string, Message])[] = [
  ['11000000960101cb4208000000880000cd012c0105', { kind: 'acquire', items: [{ page, id, right: 'exclusive', held: version(5) }] }],
  ['11000000960101cb4208000000880000cd012c00c0', { kind: 'acquire', items: [{ page, id, right: 'readonly' }] }],
  [
    '3f000000dc001a0203cb4208000000880000cd012c0106000201ce0001117004cb4208000000880000cd012c00000000ffcb4208000000880000cd012c0106010102c0deadbeef',
    {
      kind: 'grant',
      items: [
        {
          page,
          id,
          right: 'exclusive',
          version: version(6),
          source: 'content',
          ackers: [incarnation(1), incarnation(70_000)],
          content: bytes,
        },
        { page, id, right: 'readonly', version: version(0), source: 'content', ackers: [], content: 'zero' },
        { page, id, right: 'exclusive', version: version(6), source: 'own', ackers: [incarnation(2)] },
      ],
    },
  ],
  ['11000000960701cb4208000000880000cd012c0604deadbeef', { kind: 'page', items: [{ page, id, version: version(6), content: bytes }] }],
  ['0f000000940a01cb4208000000880000cd012c', { kind: 'acquired', items: [{ page, id }] }],
  ['15000000940b01cb4208000000880000cb4200000000000000', { kind: 'settled', items: [{ page, version: version(2 ** 33) }] }],
  [
    '10000000971001cb420800000088000001010604deadbeef',
    { kind: 'report', items: [{ page, round: 1, holding: 'kept', version: version(6), content: bytes }] },
  ],
  ['19000000950e01cb4208000000880000cd012ca9706167652d6c6f7374', { kind: 'refused', items: [{ page, id, code: 'page-lost' }] }],
  ['1b0000009520a26e3101b377733a2f2f3132372e302e302e313a37303731c0', { kind: 'join', name: 'n1', urls: ['ws://127.0.0.1:7071'] }],
  ['020000009125', { kind: 'leave' }],
  ['0800000095450903cd100004deadbeef', { kind: 'write', id: 9, region: regionId(3), offset: 4096, content: bytes }],
  [
    '1900000098460903080802d30000000000000001d3ffffffffffffffff',
    {
      kind: 'operate',
      id: 9,
      region: regionId(3),
      offset: 8,
      atomic: { op: 'compareExchange', type: 'bigint64', operand: 1n, replacement: -1n },
    },
  ],
  ['0d000000943309a6712e6a6f6273cd1000', { kind: 'arrive', id: 9, name: 'q.jobs', parties: 4096 }],
  ['0e000000953409cb42080000008800003c05', { kind: 'wait', id: 9, page, offset: 60, version: version(5) }],
  ['0e000000953509cb42080000008800003cc0', { kind: 'notify', id: 9, page, offset: 60 }],
  ['0d000000945009cb4270000000000000c3', { kind: 'obtained', id: 9, token: 2 ** 40, abandoned: true }],
  ['08000000936609ceffffffff', { kind: 'operated', id: 9, value: 4_294_967_295 }],
  ['07000000964409030810c3', { kind: 'read', id: 9, region: regionId(3), offset: 8, length: 16, witness: true }],
  ['0600000095650902062a', { kind: 'written', id: 9, witness: { incarnation: incarnation(2), version: version(6), serial: 42 } }],
  ['04000000936309027b7d', { kind: 'status-reported', id: 9, json: '{}' }],
];

describe('the wire format is frozen:', () => {
  it.each(golden.map(([frozen, message]) => [message.kind, frozen, message] as const))('%s', (_, frozen, message) => {
    expect(hex(envelopeOf(message))).toBe(frozen);
    expect(accepted(Uint8Array.from(Buffer.from(frozen, 'hex')))).toEqual(message);
  });

  it('the code of every kind', () => {
    expect(Object.fromEntries(Object.entries(rows).map(([kind, row]) => [kind, row.code]))).toEqual({
      acquire: 1,
      grant: 2,
      supply: 3,
      downgrade: 4,
      transfer: 5,
      invalidate: 6,
      page: 7,
      invalidated: 8,
      downgraded: 9,
      acquired: 10,
      settled: 11,
      release: 12,
      released: 13,
      refused: 14,
      query: 15,
      report: 16,
      'node-lost': 17,
      join: 32,
      joined: 33,
      members: 34,
      renew: 35,
      renewed: 36,
      leave: 37,
      left: 38,
      suspect: 39,
      expelled: 40,
      lock: 48,
      'take-permits': 49,
      'give-back': 50,
      arrive: 51,
      wait: 52,
      notify: 53,
      cancel: 54,
      'open-region': 64,
      'delete-region': 65,
      'list-regions': 66,
      status: 67,
      read: 68,
      write: 69,
      operate: 70,
      obtained: 80,
      'given-back': 81,
      passed: 82,
      waiting: 83,
      'look-again': 84,
      woken: 85,
      notified: 86,
      cancelled: 87,
      denied: 88,
      'region-opened': 96,
      deleted: 97,
      'regions-listed': 98,
      'status-reported': 99,
      'bytes-read': 100,
      written: 101,
      operated: 102,
      failed: 103,
      'region-deleted': 112,
    });
  });
});
