import type { Verdict } from './outcome.js';

/** Compares numbers by their bits: a parallel run that adds in the order of the serial one leaves not even a rounding to tolerate. */
export function sameBits(what: string, expected: Float64Array, actual: Float64Array): Verdict {
  if (expected.length !== actual.length) {
    return { ok: false, summary: `${actual.length} ${what} where the serial run has ${expected.length}` };
  }
  const differs = expected.findIndex((value, index) => !Object.is(value, actual[index]));
  if (differs === -1) return { ok: true, summary: `${count(expected.length)} ${what} equal the serial run's, bit for bit` };
  return { ok: false, summary: `${what} differ from the serial run at ${differs}: ${actual[differs]} instead of ${expected[differs]}` };
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}
