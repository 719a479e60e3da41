import type { CellValue } from './cell.js';

/**
 * What stands for bytes in a history: of up to 8 bytes the little-endian integer that they are, of more a 64-bit hash. Zeros are 0. Two different
 * records have one hash with a probability of 2⁻⁶⁴; then a checker takes one for the other.
 */
export function digestOf(bytes: Uint8Array): CellValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return view.getInt32(0, true);
  if (bytes.length === 8) return view.getBigInt64(0, true);
  if (bytes.length < 8) return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  return hashOf(bytes, view);
}

// Two lanes of MurmurHash3's 32-bit mixing (Appleby 2011) with different seeds and constants.
function hashOf(bytes: Uint8Array, view: DataView): bigint {
  let a = 0x2f0b4a27;
  let b = 0x7c1d9e63;
  let isZero = true;
  const mix = (word: number): void => {
    if (word !== 0) isZero = false;
    let k = Math.imul(word, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    a ^= k;
    a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    let l = Math.imul(word, 0x239b961b);
    l = Math.imul((l << 16) | (l >>> 16), 0xab0e9789);
    b ^= l;
    b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b) | 0;
  };
  const whole = bytes.length - (bytes.length % 4);
  for (let at = 0; at < whole; at += 4) mix(view.getInt32(at, true));
  for (let at = whole; at < bytes.length; at++) mix(bytes[at] ?? 0);
  if (isZero) return 0n;
  return (BigInt(finish(a ^ bytes.length)) << 32n) | BigInt(finish(b ^ bytes.length) >>> 0);
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
