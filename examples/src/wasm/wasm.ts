import { defineExample, type Opened } from '../example.js';
import type { Verdict } from '../outcome.js';
import { count } from '../same-bits.js';
import { type Team, wasmPages } from '../team/team.js';
import { plainSieve } from './plain-sieve.js';
import { compileSieve, sieveLayout, startSieve } from './sieve-module.js';

interface Plan {
  readonly module: WebAssembly.Module;
  /** One for each odd number up to the limit. */
  readonly flags: number;
  readonly limit: number;
  readonly bytes: number;
}

interface Primes {
  readonly found: number;
  readonly largest: number;
  /** Byte n is 0 where 2n + 1 is a prime. */
  readonly flags: Uint8Array;
}

/** One WebAssembly module, unchanged on a private memory, on threads and on the processes of a cluster. */
export const wasm = defineExample({
  name: 'wasm',
  about: 'a prime sieve in WebAssembly (wat/sieve.wat) that shares its work by atomic instructions',
  compares: 'speed-up',
  settings: { limit: { about: 'largest number that is looked at', usual: 10_000_000, quick: 2_000_000 } },
  check({ limit }) {
    if (limit < 9 || limit > 2 ** 30) throw new RangeError(`--limit is a number from 9 to 2^30, not ${limit}`);
  },
  async prepare({ limit }): Promise<Plan> {
    // The last odd number is 2 (flags - 1) + 1.
    const flags = Math.ceil(limit / 2);
    return { module: await compileSieve(), flags, limit, bytes: sieveLayout.flags + flags };
  },
  serial(plan) {
    const pages = wasmPages(plan.bytes);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const sieve = startSieve(plan.module, memory);
    return {
      compute() {
        sieve.first(plan.flags);
        sieve.rest(plan.flags);
      },
      collect: () => primesIn(memory.buffer, plan),
    };
  },
  async open(plan, team): Promise<Opened<Primes>> {
    const memory = await team.shareMemory('sieve', plan.bytes);
    const sieve = startSieve(plan.module, memory);
    return {
      place: () => clear(memory.buffer, team),
      async compute() {
        if (team.rank === 0) sieve.first(plan.flags);
        await team.barrier();
        sieve.rest(plan.flags);
      },
      collect: () => primesIn(memory.buffer, plan),
    };
  },
  compare: comparePrimes,
  show: ({ limit }, { found, largest }) => [`${count(found)} primes up to ${count(limit)}; the largest is ${count(largest)}`],
});

/** Zeros in this member's band of whole pages of 64 KiB, the only unit in which WebAssembly memory comes. */
function clear(buffer: SharedArrayBuffer, { rank, size }: Team): void {
  const pages = wasmPages(buffer.byteLength);
  const edge = (member: number): number => Math.floor((pages * member) / size) * (buffer.byteLength / pages);
  new Uint8Array(buffer).fill(0, edge(rank), edge(rank + 1));
}

function primesIn(buffer: SharedArrayBuffer, { flags }: Plan): Primes {
  const numbers = new Int32Array(buffer);
  return {
    found: Atomics.load(numbers, sieveLayout.found / 4),
    largest: Atomics.load(numbers, sieveLayout.largest / 4),
    flags: new Uint8Array(buffer, sieveLayout.flags, flags).slice(),
  };
}

/** Three ways: the team's run, the same module alone, and a sieve in JavaScript, because the module could be wrong in both. */
function comparePrimes({ limit }: Plan, expected: Primes, actual: Primes): Verdict {
  const plain = plainSieve(limit);
  const [inPlain, inSerial] = [plain, expected.flags].map((flags) => flags.findIndex((flag, n) => flag !== actual.flags[n]));
  if (inSerial !== -1) return { ok: false, summary: `the serial run judges ${2 * (inSerial ?? 0) + 1} differently` };
  if (inPlain !== -1) return { ok: false, summary: `a sieve in JavaScript judges ${2 * (inPlain ?? 0) + 1} differently` };
  if (expected.found !== actual.found || expected.largest !== actual.largest) {
    return { ok: false, summary: `${actual.found} primes up to ${actual.largest} instead of ${expected.found} up to ${expected.largest}` };
  }
  return { ok: true, summary: `${count(plain.length)} numbers are judged as in the serial run and as by a sieve in JavaScript` };
}
