import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';
import type {} from '../team/web-assembly.js';

/** `wat/sieve.wat`, running on a memory. Both calls take how many odd numbers are sieved. */
export interface Sieve {
  /** By one instance, before the others. */
  first(flags: number): void;
  /** By all instances. Returns how many segments this one took. */
  rest(flags: number): number;
}

/** Where things are in the memory: the file says more. */
export const sieveLayout = { found: 4, largest: 8, flags: 4096, segmentFlags: 65_536 } as const;

// The same path from src and from dist.
const sieveFile = fileURLToPath(new URL('../../wat/sieve.wat', import.meta.url));

/** Compiles the text format, which is what the repository holds. */
export async function compileSieve(text: Uint8Array = readFileSync(sieveFile)): Promise<WebAssembly.Module> {
  // wabt takes the whole buffer beneath a view, and small files share theirs with others: the copy has one of its own.
  const parsed = (await wabt()).parseWat(sieveFile, Uint8Array.from(text), { threads: true });
  try {
    return new WebAssembly.Module(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

export function startSieve(module: WebAssembly.Module, memory: WebAssembly.Memory): Sieve {
  const { sieve_first, sieve_rest } = new WebAssembly.Instance(module, { team: { memory } }).exports;
  if (typeof sieve_first !== 'function' || typeof sieve_rest !== 'function') throw new TypeError('sieve.wat does not export its functions');
  return {
    first: (flags) => sieve_first(flags),
    rest: (flags) => Number(sieve_rest(flags)),
  };
}
