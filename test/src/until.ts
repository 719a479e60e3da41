/** How often a condition is looked at. */
const LOOK_EVERY_MS = 10;

/**
 * Waits until `look` returns something other than `undefined` or `false` (a throw counts as not yet), and returns it. Fails after
 * `deadlineMs` with what was waited for and, if there was one, the last error.
 */
export async function until<T>(what: string, look: () => T | Promise<T>, deadlineMs = 20_000): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await look();
      // The two values that mean "not yet" were just ruled out.
      if (value !== undefined && value !== false) return value as Exclude<T, false | undefined>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms until ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
