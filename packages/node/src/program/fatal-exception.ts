import { writeSync } from 'node:fs';
import { inspect } from 'node:util';

/**
 * Keeps the exception that ends this process. Node.js prints it after the listeners of `exit`: one that ends the process by itself has to
 * print it.
 */
export class FatalException {
  #seen: { readonly error: unknown } | undefined;

  constructor() {
    process.on('uncaughtExceptionMonitor', this.#watch);
  }

  print(): void {
    if (this.#seen === undefined) return;
    // The descriptor of standard error may be closed, or full and non-blocking; the code then says it alone.
    try {
      writeSync(2, `Uncaught ${inspect(this.#seen.error)}\n`);
    } catch {}
  }

  close(): void {
    process.off('uncaughtExceptionMonitor', this.#watch);
  }

  readonly #watch = (error: unknown): void => {
    // Whoever takes exceptions decides what becomes of them, and of the process.
    const isTaken = process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
    if (!isTaken) this.#seen = { error };
  };
}
