/** The sieve of Eratosthenes: byte n is 0 where 2n + 1, up to `limit`, is a prime. */
export function plainSieve(limit: number): Uint8Array {
  const composite = new Uint8Array(Math.ceil(limit / 2));
  composite[0] = 1;
  for (let n = 1; (2 * n + 1) ** 2 <= limit; n += 1) {
    if (composite[n] === 1) continue;
    // From the square on: smaller multiples have smaller factors.
    for (let multiple = 2 * n * (n + 1); multiple < composite.length; multiple += 2 * n + 1) composite[multiple] = 1;
  }
  return composite;
}
