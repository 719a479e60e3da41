import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../src/codec.js';
import { pageId, regionId } from '../src/ids.js';
import { limits } from '../src/limits.js';
import { envelopeOf, isSound, openEnvelope, rawEnvelope, refusal, valuesEnvelope } from './envelopes.js';
import { anyMessage } from './message-arbitraries.js';
import { replayable } from './replayable.js';

const envelopes = anyMessage.map(envelopeOf);
const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];
const PAGE = pageId(regionId(3), 17);

describe('bytes from a hostile peer never throw:', () => {
  const settings = (numRuns: number) => replayable<[Uint8Array]>('codec-hostile.test.ts', numRuns);
  const check = (bytes: Uint8Array): void => {
    expect(isSound(decodeMessage(bytes))).toBe(true);
  };
  const edit = (change: (bytes: number[], at: number, value: number) => void) =>
    fc.tuple(envelopes, fc.nat(), fc.nat(255)).map(([envelope, at, value]) => {
      const bytes = [...envelope.subarray(0, 2048)];
      change(bytes, at % bytes.length, value);
      return Uint8Array.from(bytes);
    });

  it('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 512 }), check), settings(5000));
  });

  it('random bytes as a header of the right length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }).map((header) => rawEnvelope(header)),
        check,
      ),
      settings(5000),
    );
  });

  it('random scalars as the values of a header', () => {
    const value = fc.oneof(
      fc.integer({ min: -1, max: 112 }),
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.bigInt(-9n, 9n),
    );
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 20 }).map((values) => valuesEnvelope(values)),
        check,
      ),
      settings(5000),
    );
  });

  it('an envelope with a byte changed', () => {
    fc.assert(
      fc.property(
        edit((bytes, at, value) => bytes.splice(at, 1, value)),
        check,
      ),
      settings(5000),
    );
  });

  it('an envelope with a bit flipped', () => {
    fc.assert(
      fc.property(
        edit((bytes, at, value) => bytes.splice(at, 1, (bytes[at] ?? 0) ^ (1 << (value % 8)))),
        check,
      ),
      settings(5000),
    );
  });

  it('an envelope with a byte inserted', () => {
    fc.assert(
      fc.property(
        edit((bytes, at, value) => bytes.splice(at, 0, value)),
        check,
      ),
      settings(3000),
    );
  });

  it('an envelope cut short', () => {
    fc.assert(
      fc.property(
        edit((bytes, at) => bytes.splice(at)),
        check,
      ),
      settings(3000),
    );
  });

  it('an envelope with a run repeated', () => {
    fc.assert(
      fc.property(
        edit((bytes, at, value) => bytes.splice(at, 0, ...bytes.slice(at, at + value))),
        check,
      ),
      settings(3000),
    );
  });

  it('a message with one value exchanged for another', () => {
    const value = fc.oneof(
      fc.integer({ min: -2, max: 300 }),
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.bigInt(-9n, 9n),
    );
    const changed = fc.tuple(envelopes, fc.nat(), value).map(([envelope, at, other]) => {
      const { values, contents } = openEnvelope(envelope);
      values[at % values.length] = other;
      return valuesEnvelope(values, contents);
    });
    fc.assert(fc.property(changed, check), settings(5000));
  });
});

describe('an envelope that is no envelope is refused:', () => {
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['no bytes', new Uint8Array(0), /0 bytes are too few/],
    ['half a length', new Uint8Array(3), /3 bytes are too few/],
    ['no header', rawEnvelope([]), /header is empty/],
    ['longer than an envelope', new Uint8Array(limits.maxEnvelopeBytes + 1), /524289 bytes, the limit of an envelope is 524288/],
    ['a header over its limit', Uint8Array.of(0, 0, 8, 0, 0x91), /header of 524288 bytes, the limit is 163840/],
    ['a header of 4 GiB', Uint8Array.of(255, 255, 255, 255, 0x91), /header of 4294967295 bytes/],
    ['a header longer than what follows', Uint8Array.of(9, 0, 0, 0, 0x91, 37), /9 bytes is declared, 2 bytes follow/],
  ];
  it.each(cases)('%s', (_, bytes, reason) => {
    expect(refusal(bytes)).toMatch(reason);
  });
});

describe('a header that is not a flat array of scalars is refused before it is unpacked:', () => {
  const cases: readonly (readonly [string, readonly number[], RegExp])[] = [
    ['a bare number', [37], /starts with 0x25, which is not an array/],
    ['an array of 2^32 − 1 values', [0xdd, ...u32(0xffffffff)], /0xdd, which is not an array/],
    ['an array of 65535 values', [0xdc, 0xff, 0xff], /declares 65535 values/],
    ['an array that ends early', [0x94, 37], /ends before value 1 of 4/],
    ['half an array length', [0xdc, 0xff], /0xdc/],
    ['an array in it', [0x92, 37, 0x90], /value 1 of the header starts with 0x90/],
    ['a map in it', [0x92, 37, 0x81, 0xa1, 0x61, 0x01], /0x81/],
    ['a map of 2^32 − 1 keys', [0x92, 37, 0xdf, ...u32(0xffffffff)], /0xdf/],
    ['a string of 4 GiB', [0x92, 37, 0xdb, ...u32(0xffffffff)], /0xdb/],
    ['a string past the end', [0x92, 37, 0xda, 0xff, 0xff, 0x61], /ends inside value 1/],
    ['a string length past the end', [0x92, 37, 0xda], /ends inside value 1/],
    ['a binary of 4 GiB', [0x92, 37, 0xc6, ...u32(0xffffffff)], /0xc6/],
    ['an extension', [0x92, 37, 0xc7, 0x01, 0x01, 0x00], /0xc7/],
    ['a record definition', [0x92, 37, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01], /0xd4/],
    ['a timestamp', [0x92, 37, 0xd6, 0xff, 0, 0, 0, 0], /0xd6/],
    ['the byte msgpack never uses', [0x92, 37, 0xc1], /0xc1/],
    ['half a double', [0x92, 37, 0xcb, 0x40], /ends inside value 1/],
    ['bytes after the array', [0x91, 37, 37], /1 bytes follow the last value of the header/],
    ['more strings than any message has', [0xdc, 0x03, 0xe8, ...Array<number>(1000).fill(0xa0)], /more than 578 strings and bigints/],
    ['no values', [0x90], /no kind of message has the code undefined/],
  ];
  it.each(cases)('%s', (_, header, reason) => {
    expect(refusal(rawEnvelope(header))).toMatch(reason);
  });

  it('arrays nested 100 000 deep', () => {
    expect(refusal(rawEnvelope(new Uint8Array(100_000).fill(0x91)))).toMatch(/value 0 of the header starts with 0x91/);
  });
});

describe('a header whose values are no message is refused:', () => {
  const tooMany = limits.maxItemsPerMessage + 1;
  const items = (count: number): unknown[] => Array.from({ length: count }, () => [PAGE, 1]).flat();
  const byte = new Uint8Array(1);
  const cases: readonly (readonly [string, readonly unknown[], RegExp, Uint8Array?])[] = [
    ['an unknown kind', [99.5], /no kind of message has the code 99.5/],
    ['a kind by name', ['acquire'], /no kind of message has the code "acquire"/],
    ['a kind with a name as long as the header', ['x'.repeat(60_000)], /the code a string of 60000 characters/],
    ['a missing value', [10, 1, PAGE], /acquired: value 3 of the header: expected a request id, got nothing/],
    ['a value too many', [10, 1, PAGE, 1, 1], /acquired: 1 values more than the message has/],
    ['a count that is too high', [10, tooMany, ...items(tooMany)], /value 1 of the header: expected an integer from 0 to 256, got 257/],
    ['a negative count', [10, -1], /from 0 to 256, got -1/],
    ['a page id of 2^52', [10, 1, 2 ** 52, 1], /value 2 of the header: expected a page id, got 4503599627370496/],
    ['a negative page id', [10, 1, -5, 1], /expected a page id, got -5/],
    ['a page id with a fraction', [10, 1, 1.5, 1], /expected a page id, got 1.5/],
    ['a page id as a bigint', [10, 1, 5n, 1], /expected a page id, got 5 \(bigint\)/],
    ['a request id that is not a number', [10, 1, PAGE, Number.NaN], /expected a request id, got NaN/],
    ['a request id above 2^53', [10, 1, PAGE, 2 ** 53], /expected a request id/],
    ['an unknown right', [1, 1, PAGE, 1, 2, null], /value 4 of the header: expected a right, got 2/],
    ['an unknown holding', [16, 1, PAGE, 1, 5, 1, null], /expected a holding, got 5/],
    ['an unknown error code', [14, 1, PAGE, 1, 'nope'], /refused: .* expected an error code, got "nope"/],
    ['an error code from the prototype', [14, 1, PAGE, 1, 'toString'], /expected an error code/],
    ['more ackers than nodes', [2, 1, PAGE, 1, 0, 1, 1, limits.maxNodes + 1], /from 0 to 64, got 65/],
    ['a grant whose content is missing', [2, 1, PAGE, 1, 0, 1, 0, 0, null], /content exactly where the source is content.* got "none"/],
    [
      'a grant with content it should not have',
      [2, 1, PAGE, 1, 0, 1, 1, 0, -1],
      /content exactly where the source is content.* got "some"/,
    ],
    ['a page without content', [7, 1, PAGE, 1, 1, null], /expected the length of a page .* got null/],
    ['a page of no bytes', [7, 1, PAGE, 1, 1, 0], /expected the length of a page/],
    ['a page over the limit', [7, 1, PAGE, 1, 1, limits.maxPageBytes + 1], /expected the length of a page/, new Uint8Array(65_537)],
    ['a content that is not there', [7, 1, PAGE, 1, 1, 4096], /at most the 1 bytes that are left, got 4096/, byte],
    ['a content of 2^53', [100, 1, 2 ** 53 - 1], /from 0 to 262144/],
    ['bytes after the last content', [10, 1, PAGE, 1], /acquired: 1 bytes follow the last content/, byte],
    ['a write over the limit', [69, 1, 1, 0, limits.maxOperationBytes + 1], /from 0 to 262144/],
    ['a read over the limit', [68, 1, 1, 0, limits.maxOperationBytes + 1], /from 0 to 262144/],
    ['a region that cannot be named', [112, 2 ** 20], /expected a region id/],
    ['too many urls', [32, 'n1', 9], /from 0 to 8, got 9/],
    ['a url over the limit', [32, 'n1', 1, 'u'.repeat(257), null], /expected a url of at most 256 bytes, got a string of 257/],
    ['a name over the limit in bytes', [65, 1, 'é'.repeat(65)], /a region name of at most 128 bytes/],
    ['too many members', [34, 1, 65], /from 0 to 64/],
    ['a lease that never ends', [33, 'c', 1, Number.POSITIVE_INFINITY, 1], /finite number of 0 or more, got Infinity/],
    ['a flag that is a number', [6, 1, PAGE, 1, 1, 1], /expected true or false, got 1/],
    ['an unknown atomic', [70, 1, 1, 0, 9, 0, 1, 1], /expected an atomic operation, got 9/],
    ['a 64-bit atomic on numbers', [70, 1, 1, 0, 2, 2, 1, 1], /operate: .*expected operands for bigint64, got "number and number"/],
    ['a 32-bit atomic on a bigint', [70, 1, 1, 0, 2, 0, 1, 1n], /expected operands for int32/],
    ['an atomic result with a fraction', [102, 1, 0.5], /expected an integer, got 0.5/],
    ['a status that is not UTF-8', [99, 1, 1], /expected UTF-8/, Uint8Array.of(0xff)],
    ['a lock without a name', [48, 1, ''], /lock: .*expected a name of 1 to 128 printable/],
    ['a lock whose name would break a log line', [48, 1, 'a\nb'], /printable ASCII characters without spaces, got "a\\nb"/],
    ['a lock whose name is too long', [48, 1, 'x'.repeat(129)], /got a string of 129 characters/],
    ['no permits', [49, 1, 's', 4, 0], /expected an integer from 1 to 2147483647, got 0/],
    ['more permits than there may be', [49, 1, 's', 2 ** 31, 1], /from 1 to 2147483647, got 2147483648/],
    ['a barrier of more parties than may wait', [51, 1, 'b', limits.maxSyncWaitersPerObject + 1], /from 1 to 4096, got 4097/],
    ['a wait past the end of every page', [52, 1, PAGE, limits.maxPageBytes, 1], /expected a multiple of 4 below 65536, got 65536/],
    ['a wait at half an element', [52, 1, PAGE, 6, 1], /expected a multiple of 4 below 65536, got 6/],
    ['a notify of less than none', [53, 1, PAGE, 0, -1], /expected an integer of 0 or more, got -1/],
    ['a denial without a code', [88, 1, null, 'no'], /denied: .*expected an error code/],
    ['too many regions', [98, 1, limits.maxRegionsPerList + 1], /from 0 to 256/],
  ];
  it.each(cases.map(([name, values, reason, contents]) => ({ name, values, reason, contents })))(
    '$name',
    ({ values, reason, contents }) => {
      expect(refusal(valuesEnvelope(values, contents))).toMatch(reason);
    },
  );
});
