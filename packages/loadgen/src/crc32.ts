import * as zlib from 'node:zlib';

const POLYNOMIAL = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** CRC-32 (IEEE 802.3, ISO 3309) a byte at a time: for Node releases before 20.15, whose zlib does not export its own. */
export function crc32ByTable(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

// Node 20.0 to 20.14 lack the function that the type declarations promise.
const native: ((bytes: Uint8Array) => number) | undefined = zlib.crc32;

/** CRC-32 (IEEE 802.3) of `bytes`. */
export const crc32: (bytes: Uint8Array) => number = native ?? crc32ByTable;
