import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../src/options/nearest.js';
import { address, count, duration, oneOf, peerUrl, peerUrls, port, showAddress, size } from '../src/options/values.js';

describe('bounded numbers', () => {
  it('a value at either bound is taken', () => {
    expect([count({ min: 1, max: 9 })('1'), count({ min: 1, max: 9 })('9')]).toEqual([1, 9]);
  });

  it('a value beyond a bound is refused with the bound in the units of the option', () => {
    expect(() => size({ min: 1024 ** 2 })('4KiB')).toThrow('The least is 1MiB.');
    expect(() => duration({ max: 60_000 })('2m')).toThrow('The most is 1m.');
    expect(() => port('65536')).toThrow('The most is 65535.');
  });
});

describe('words', () => {
  const memory = oneOf(['auto', 'mapped', 'software']);

  it('a misspelled word is answered with the nearest one', () => {
    expect(() => memory('sofware')).toThrow('Did you mean software?');
  });

  it('a word that is like none is answered with all of them', () => {
    expect(() => memory('disk')).toThrow('Use one of auto, mapped, software.');
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1:7070', { host: '127.0.0.1', port: 7070 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:7070', { host: '::1', port: 7070 }],
  ])('%s is read and shown the same', (text, value) => {
    expect(address(text)).toEqual(value);
    expect(showAddress(value)).toBe(text);
  });

  it.each([
    '7070',
    ':7070',
    'localhost',
    'localhost:',
    '::1:7070',
    'host name:1',
    'ws://localhost:7070',
    'localhost:70700',
    'localhost:-1',
  ])('%s is refused', (text) => {
    expect(() => address(text)).toThrow(/Write HOST:PORT|The most is 65535/);
  });
});

describe('URLs', () => {
  it('several may stand with commas between them', () => {
    expect(peerUrls('ws://127.0.0.1:7071,grpc://[::1]:7072/')).toEqual(['ws://127.0.0.1:7071', 'grpc://[::1]:7072']);
  });

  it.each([
    ['127.0.0.1:7071', /Write ws:/],
    ['wss://localhost:1', /use ws:\/\/\./],
    ['http://localhost:1', /use ws:\/\/ or grpc:\/\/\./],
    ['ws://localhost', /HOST:PORT/],
    ['ws://localhost:0', /Port 0/],
    ['ws://localhost:1/path', /Write ws:/],
  ])('%s is refused', (text, reason) => {
    expect(() => peerUrl(text)).toThrow(reason);
  });
});

describe('the nearest word', () => {
  it('a swap of neighbours, a missing, an extra and a wrong letter are each one edit', () => {
    expect(['stauts', 'statu', 'statuss', 'stadus'].map((word) => editDistance(word, 'status'))).toEqual([1, 1, 1, 1]);
  });

  it('a word far from all candidates has no nearest', () => {
    expect(nearest('up', ['node', 'load', 'status'])).toBeUndefined();
  });

  it('every candidate is its own nearest', () => {
    const candidates = ['up', 'coordinator', 'node', 'load', 'status'];
    fc.assert(fc.property(fc.constantFrom(...candidates), (word) => nearest(word, candidates) === word));
  });

  it('the distance is the same in both directions', () => {
    fc.assert(fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => editDistance(a, b) === editDistance(b, a)));
  });
});
