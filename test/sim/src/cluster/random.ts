/** Numbers from 0 up to 1, evenly spread. */
export type Random = () => number;

/** Spreads what names a stream over 32 bits: FNV-1a, with the finalizer of MurmurHash3 so that near names are far apart. */
function hash(seed: number, name: string): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i += 1) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * A stream of its own for each name under one seed: what one part of a run draws does not move what another draws. Bob Jenkins' sfc32 as
 * given by Chris Doty-Humphrey (PractRand).
 */
export function randomStream(seed: number, name: string): Random {
  let a = hash(seed, name) | 0;
  let b = hash(seed, `${name}'`) | 0;
  let c = seed | 0;
  let d = 1;
  const next: Random = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i += 1) next();
  return next;
}

/** A whole number from `least` to `most`, both included. */
export const between = (random: Random, least: number, most: number): number => least + Math.floor(random() * (most - least + 1));

/** One of the items; there must be one. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** A number from `least` to `most` whose logarithm is evenly spread: small and large ones are drawn alike. */
export const logUniform = (random: Random, least: number, most: number): number => least * (most / least) ** random();
