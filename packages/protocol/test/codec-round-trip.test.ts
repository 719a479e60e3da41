import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rows } from '../src/codec/rows.js';
import { decodeMessage, encodeMessage } from '../src/codec.js';
import { InvariantError } from '../src/errors.js';
import { incarnation, pageId, regionId, requestId, version } from '../src/ids.js';
import { limits } from '../src/limits.js';
import type { FrameRef, Message } from '../src/messages.js';
import { accepted, envelopeOf, join } from './envelopes.js';
import { kinds, messages } from './message-arbitraries.js';
import { replayable } from './replayable.js';

const page = pageId(regionId(3), 17);
const id = requestId(77);
const safeMax = Number.MAX_SAFE_INTEGER;
const lastPage = pageId(regionId(2 ** 20 - 1), 2 ** 32 - 1);

describe('every kind of message', () => {
  it.each(kinds)('%s comes back as it was sent', (kind) => {
    fc.assert(
      fc.property(messages[kind], (message) => {
        expect(accepted(envelopeOf(message))).toEqual(message);
      }),
      replayable('codec-round-trip.test.ts', 150),
    );
  });

  it('has a code of its own', () => {
    const codes = Object.values(rows).map((row) => row.code);
    expect(new Set(codes).size).toBe(kinds.length);
  });
});

describe('numbers', () => {
  it('page ids above 2^32 come back as numbers', () => {
    const message: Message = { kind: 'acquired', items: [{ page: lastPage, id: requestId(safeMax) }] };
    expect(accepted(envelopeOf(message))).toEqual(message);
  });

  it('small 64-bit operands stay bigints and large 32-bit operands stay numbers', () => {
    const wide: Message = {
      kind: 'operate',
      id: 1,
      region: regionId(1),
      offset: 8,
      atomic: { op: 'add', type: 'bigint64', operand: 1n, replacement: 0n },
    };
    const narrow: Message = { ...wide, atomic: { op: 'add', type: 'int32', operand: 2 ** 40, replacement: -1 } };
    expect(accepted(envelopeOf(wide))).toEqual(wide);
    expect(accepted(envelopeOf(narrow))).toEqual(narrow);
  });

  it('a 64-bit operand beyond 64 bits travels modulo 2^64, as Atomics takes it', () => {
    const atomic = { op: 'add', type: 'bigint64', operand: 2n ** 64n + 5n, replacement: 2n ** 63n } as const;
    expect(accepted(envelopeOf({ kind: 'operate', id: 1, region: regionId(1), offset: 0, atomic }))).toMatchObject({
      atomic: { operand: 5n, replacement: -(2n ** 63n) },
    });
  });
});

describe('contents', () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);

  it('are returned as they are, not copied', () => {
    const parts = encodeMessage({ kind: 'page', items: [{ page, id, version: version(1), content: bytes }] });
    expect(parts).toHaveLength(2);
    expect(parts[1]).toBe(bytes);
  });

  it('alias the envelope once decoded, also where it lies inside a larger buffer', () => {
    const envelope = envelopeOf({ kind: 'write', id: 1, region: regionId(1), offset: 0, content: bytes });
    const inside = Buffer.concat([Buffer.alloc(3), envelope, Buffer.alloc(9)]).subarray(3, 3 + envelope.length);
    const message = accepted(inside);
    inside[inside.length - 1] = 99;
    expect(message).toMatchObject({ content: Uint8Array.from([...bytes.subarray(0, 63), 99]) });
  });

  it('are accepted up to their limits', () => {
    const operation = { id: 1, content: new Uint8Array(limits.maxOperationBytes).fill(7) };
    const largest: Message[] = [
      { kind: 'page', items: [{ page, id, version: version(1), content: new Uint8Array(limits.maxPageBytes).fill(7) }] },
      { kind: 'write', region: regionId(1), offset: 0, ...operation },
      { kind: 'bytes-read', ...operation },
      { kind: 'status-reported', id: 1, json: 'x'.repeat(limits.maxStatusBytes) },
    ];
    expect(largest.map((message) => accepted(envelopeOf(message)))).toEqual(largest);
  });

  it('that name frames are read through resolve, in order and once', () => {
    const asked: FrameRef[] = [];
    const resolve = (ref: FrameRef): Uint8Array => {
      asked.push(ref);
      return bytes;
    };
    const refs: FrameRef[] = [{ frame: page }, { frame: lastPage, snapshot: 4 }];
    const items = refs.map((content) => ({ page, id, version: version(1), content }));
    expect(accepted(join(encodeMessage({ kind: 'page', items }, resolve)))).toEqual({
      kind: 'page',
      items: items.map((item) => ({ ...item, content: bytes })),
    });
    expect(asked).toEqual(refs);
  });

  it('that name a frame which nobody can read are a bug', () => {
    const message: Message = { kind: 'release', items: [{ page, version: version(1), content: { frame: page } }] };
    expect(() => encodeMessage(message)).toThrow(InvariantError);
  });
});

describe('headers', () => {
  it('already encoded are not touched by later ones', () => {
    const first = encodeMessage({ kind: 'settled', items: [{ page, version: version(9) }] });
    const before = join(first);
    for (let i = 0; i < 3000; i++) encodeMessage({ kind: 'acquired', items: [{ page, id: requestId(i) }] });
    expect(join(first)).toEqual(before);
  });

  it('hold the largest message of every kind', () => {
    const items = Array.from({ length: limits.maxItemsPerMessage }, () => ({
      page: lastPage,
      id: requestId(safeMax),
      right: 'exclusive' as const,
      version: version(safeMax),
      source: 'peer' as const,
      ackers: Array.from({ length: limits.maxNodes }, () => incarnation(safeMax)),
    }));
    const urls = Array.from({ length: limits.maxUrlsPerMember }, () => 'u'.repeat(limits.maxUrlBytes));
    const member = { incarnation: incarnation(safeMax), name: 'n'.repeat(limits.maxNodeNameBytes), urls };
    const record = { region: regionId(2 ** 20 - 1), name: 'r'.repeat(limits.maxRegionNameBytes), bytes: safeMax, pageBytes: safeMax };
    const largest: Message[] = [
      { kind: 'grant', items },
      { kind: 'members', epoch: safeMax, members: Array.from({ length: limits.maxNodes }, () => member) },
      { kind: 'regions-listed', id: safeMax, records: Array.from({ length: limits.maxRegionsPerList }, () => record) },
    ];
    expect(largest.map((message) => accepted(envelopeOf(message)))).toEqual(largest);
  });

  it('and the most content of a message fit an envelope', () => {
    // The machines may pass their content limit by one page.
    const pages = limits.maxContentBytesPerMessage + limits.maxPageBytes;
    const most = Math.max(pages, limits.maxOperationBytes, limits.maxStatusBytes);
    expect(4 + limits.maxHeaderBytes + most).toBeLessThanOrEqual(limits.maxEnvelopeBytes);
  });

  it('cut text for people to its limit without splitting a character', () => {
    const message = `${'x'.repeat(limits.maxTextBytes - 1)}é and more`;
    expect(accepted(envelopeOf({ kind: 'failed', id: 1, code: 'timeout', message }))).toMatchObject({
      message: 'x'.repeat(limits.maxTextBytes - 1),
    });
  });
});

describe('a message that a correct program cannot build is a bug:', () => {
  const record = { region: regionId(1), name: 'r', bytes: 64, pageBytes: 64 };
  const bugs: Record<string, Message> = {
    'a negative version': { kind: 'settled', items: [{ page, version: version(-1) }] },
    'too many items': { kind: 'acquired', items: Array.from({ length: limits.maxItemsPerMessage + 1 }, () => ({ page, id })) },
    'too many regions': { kind: 'regions-listed', id: 1, records: Array.from({ length: limits.maxRegionsPerList + 1 }, () => record) },
    'a page over the limit': {
      kind: 'release',
      items: [{ page, version: version(1), content: new Uint8Array(limits.maxPageBytes + 1) }],
    },
    'too much content': {
      kind: 'release',
      items: Array.from({ length: 9 }, () => ({ page, version: version(1), content: new Uint8Array(limits.maxPageBytes) })),
    },
    'a status over the limit': { kind: 'status-reported', id: 1, json: 'é'.repeat(limits.maxStatusBytes / 2 + 1) },
    'a name over the limit': { kind: 'delete-region', id: 1, name: 'é'.repeat(limits.maxRegionNameBytes / 2 + 1) },
    'a grant that lacks its content': {
      kind: 'grant',
      items: [{ page, id, right: 'readonly', version: version(1), source: 'content', ackers: [] }],
    },
    'a fraction for a 32-bit atomic': {
      kind: 'operate',
      id: 1,
      region: regionId(1),
      offset: 0,
      atomic: { op: 'add', type: 'int32', operand: 0.5, replacement: 0 },
    },
    'a number for a 64-bit atomic': {
      kind: 'operate',
      id: 1,
      region: regionId(1),
      offset: 0,
      atomic: { op: 'add', type: 'bigint64', operand: 1, replacement: 0n },
    },
  };

  it.each(Object.keys(bugs))('%s', (name) => {
    expect(() => encodeMessage(bugs[name] as Message)).toThrow(InvariantError);
  });

  it('and leaves the codec fit for the next message', () => {
    expect(() => encodeMessage({ kind: 'settled', items: [{ page, version: version(-1) }] })).toThrow(InvariantError);
    expect(decodeMessage(envelopeOf({ kind: 'leave' }))).toEqual({ ok: true, message: { kind: 'leave' } });
  });
});
