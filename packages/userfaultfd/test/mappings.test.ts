import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AliasMapping, AppMapping, Memfd } from '../src/index.js';
import { here, unlessHere } from './world.js';

const { pageBytes } = here;
const invalid = expect.objectContaining({ code: 'invalid-argument' });

describe.skipIf(!here.supported)(`memfd and its mappings${unlessHere}`, () => {
  let memfd: Memfd;
  beforeEach(() => {
    memfd = Memfd.create('mappings-test', 64 * pageBytes);
  });
  afterEach(() => memfd.close());

  test('all mappings of a memfd show the same frames', () => {
    using alias = AliasMapping.of(memfd);
    using app = AppMapping.over(memfd, { offset: 16 * pageBytes, bytes: 16 * pageBytes });
    using odd = AppMapping.over(memfd, { offset: 17 * pageBytes, bytes: 3 * pageBytes });
    alias.view(17 * pageBytes, 4).fill(9);
    expect(new Uint8Array(app.buffer)[pageBytes]).toBe(9);
    new Uint8Array(odd.buffer)[3] = 5;
    expect(Array.from(alias.bytes.subarray(17 * pageBytes, 17 * pageBytes + 5))).toEqual([9, 9, 9, 5, 0]);
  });

  test('a multiple of 64 KiB is a WebAssembly memory, another size is not', () => {
    using app = AppMapping.over(memfd, { offset: 0, bytes: 65536 });
    using odd = AppMapping.over(memfd, { offset: 0, bytes: 65536 + pageBytes });
    expect(app.memory?.buffer).toBe(app.buffer);
    expect(app.bytes).toBe(65536);
    expect(odd.memory).toBeUndefined();
    expect(odd.buffer.byteLength).toBe(65536 + pageBytes);
    expect([app.address % pageBytes, odd.address % pageBytes]).toEqual([0, 0]);
  });

  test('a mapping is not copied into a forked child', () => {
    using app = AppMapping.over(memfd, { offset: 0, bytes: 65536 });
    const start = app.address.toString(16);
    const entry = readFileSync('/proc/self/smaps', 'latin1').split(new RegExp(`^${start}-`, 'm'))[1];
    expect(/^VmFlags:.*$/m.exec(entry ?? '')?.[0]).toMatch(/\bdc\b/);
  });

  test('a closed mapping leaves inaccessible memory in its place, and can be closed again', () => {
    const app = AppMapping.over(memfd, { offset: 0, bytes: 65536 });
    app.close();
    app.close();
    const start = app.address.toString(16);
    expect(readFileSync('/proc/self/maps', 'latin1')).toMatch(new RegExp(`^${start}-[0-9a-f]+ ---p`, 'm'));
  });

  test('views of an alias work with Atomics, and outlive it', () => {
    const alias = AliasMapping.of(memfd);
    const { buffer, byteOffset } = alias.view(8, 16);
    alias.close();
    expect(Atomics.add(new BigInt64Array(buffer, byteOffset, 2), 1, 5n)).toBe(0n);
    expect(Atomics.load(new Int32Array(buffer, byteOffset, 4), 2)).toBe(5);
    expect(() => alias.view(0, 1)).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test('an alias of more than 4 GiB is reached by views, up to its last byte', () => {
    using large = Memfd.create('large', 10 * 2 ** 30 + pageBytes);
    using alias = AliasMapping.of(large);
    expect(alias.buffers.map((buffer) => buffer.byteLength)).toEqual([2 ** 32, 2 ** 32, 2 ** 31 + pageBytes]);
    const last = alias.view(10 * 2 ** 30 + pageBytes - 1, 1);
    last[0] = 77;
    using app = AppMapping.over(large, { offset: 10 * 2 ** 30, bytes: pageBytes });
    expect(new Uint8Array(app.buffer)[pageBytes - 1]).toBe(77);
    expect(() => alias.bytes).toThrow(invalid);
    expect(() => alias.view(2 ** 32 - 1, 2)).toThrow(invalid);
  });

  test('a view outside of the alias is refused', () => {
    using alias = AliasMapping.of(memfd);
    for (const [offset, length] of [
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [64 * pageBytes, 1],
      [0, 64 * pageBytes + 1],
      [Number.NaN, 1],
    ] as const) {
      expect(() => alias.view(offset, length)).toThrow(invalid);
    }
  });

  test('a window outside of the memfd, over 4 GiB, or not made of pages is refused', () => {
    for (const [offset, bytes] of [
      [0, 65 * pageBytes],
      [1, pageBytes],
      [0, 100],
      [0, 0],
      [-pageBytes, pageBytes],
    ] as const) {
      expect(() => AppMapping.over(memfd, { offset, bytes })).toThrow(invalid);
    }
    expect(() => AppMapping.over({ fd: memfd.fd, bytes: 2 ** 40 }, { offset: 0, bytes: 2 ** 32 + pageBytes })).toThrow(/map a window/);
  });

  test('a closed descriptor cannot be mapped, and the error has a name', () => {
    const { fd, bytes } = Memfd.create('gone', pageBytes);
    Memfd.adopt(fd).close();
    expect(() => AppMapping.over({ fd, bytes }, { offset: 0, bytes })).toThrow(expect.objectContaining({ code: 'system', errno: 'EBADF' }));
  });

  test('punching gives back the frames of the range, and of nothing else', () => {
    using alias = AliasMapping.of(memfd);
    alias.bytes.fill(1);
    memfd.punch(2 * pageBytes, 3 * pageBytes);
    const pages = [1, 2, 3, 4, 5].map((page) => alias.bytes[page * pageBytes]);
    expect(pages).toEqual([1, 0, 0, 0, 1]);
    expect(() => memfd.punch(0, 65 * pageBytes)).toThrow(invalid);
    expect(() => memfd.punch(100, pageBytes)).toThrow(invalid);
  });

  test('a memfd of no bytes, or of half a page, is refused', () => {
    expect(() => Memfd.create('none', 0)).toThrow(invalid);
    expect(() => Memfd.create('half', pageBytes / 2)).toThrow(invalid);
  });

  test('a closed memfd is done', () => {
    memfd.close();
    memfd.close();
    expect(() => memfd.punch(0, pageBytes)).toThrow(expect.objectContaining({ code: 'closed' }));
  });
});
