const PRIME_LOW = 0x1b3;
const BASIS_HIGH = 0xcbf29ce4;
const BASIS_LOW = 0x84222325;

/** A 64-bit hash in two halves, because bigint arithmetic would cost more than the operation that the hash is for. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** `high:low` × (2^40 + 0x1b3), the 64-bit FNV prime, modulo 2^64. */
function timesPrime(high: number, low: number): Hash64 {
  const product = low * PRIME_LOW;
  const carry = Math.floor(product / 2 ** 32);
  return { high: (Math.imul(high, PRIME_LOW) + carry + (low << 8)) >>> 0, low: product >>> 0 };
}

/** FNV-1a, 64 bits (Fowler, Noll, Vo), over the eight bytes of `value`, least significant first, as YCSB's `Utils.fnvhash64` feeds them. */
export function fnv1a64(value: number): Hash64 {
  let high = BASIS_HIGH;
  let low = BASIS_LOW;
  let rest = value;
  for (let i = 0; i < 8; i++) {
    ({ high, low } = timesPrime(high, (low ^ (rest % 256)) >>> 0));
    rest = Math.floor(rest / 256);
  }
  return { high, low };
}

/** The absolute value of the hash read as a signed number, modulo `n` (up to 2^36): where YCSB puts a scrambled item. */
export function hashBelow(hash: Hash64, n: number): number {
  const negative = hash.high >= 2 ** 31;
  const low = negative ? -hash.low >>> 0 : hash.low;
  const high = negative ? (~hash.high + (low === 0 ? 1 : 0)) >>> 0 : hash.high;
  const upper = (((high % n) * 2 ** 16 + (low >>> 16)) % n) * 2 ** 16;
  return (upper + (low & 0xffff)) % n;
}
