/** The code of an operating error of a simulated process; its class is the process's own. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'PagewireError' && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** An error for people: operating errors by their message, bugs by their stack. */
export function showError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return codeOf(error) === undefined ? (error.stack ?? error.message) : error.message;
}
