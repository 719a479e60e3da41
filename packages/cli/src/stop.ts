import { constants } from 'node:os';
import { CommandError, exitCodes } from './failure.js';

/** Why a command was asked to end. SIGPIPE is not sent to programs for Node.js: a command asks for it when nobody reads its output any more. */
export type StopCause = { readonly kind: 'signal'; readonly signal: StopSignal | 'SIGPIPE' } | { readonly kind: 'parent-gone' };
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * One Ctrl-C can arrive several times: from the terminal to the whole process group and again from a wrapper such as npm that passes it
 * on. Only a signal this much later is a second request.
 */
const samePressMs = 400;

export interface StopOptions {
  /** The parent takes part in the terminal's process group and decides what Ctrl-C and a hang-up mean, so this process ignores both. */
  readonly parentHandlesTerminal?: boolean;
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number;
}

/** Asks from outside that a command end: by signal, or because the parent that holds this process's IPC channel is gone. */
export class StopRequests {
  readonly #asked = new AbortController();
  readonly #insisted = new AbortController();
  readonly #listeners: (() => void)[] = [];
  readonly #now: () => number;
  #cause: StopCause | undefined;
  #askedAt = 0;

  constructor({ parentHandlesTerminal = false, now = () => performance.now() }: StopOptions = {}) {
    this.#now = now;
    for (const signal of stopSignals) {
      const ignored = parentHandlesTerminal && signal !== 'SIGTERM';
      this.#listen(signal, () => ignored || this.ask({ kind: 'signal', signal }));
    }
    if (process.connected) {
      this.#listen('disconnect', () => this.ask({ kind: 'parent-gone' }));
      // Listening for the parent's end must not keep a command alive whose work is over.
      process.channel?.unref();
      this.#listeners.push(() => process.channel?.ref());
    } else if (parentHandlesTerminal) {
      // The parent was gone before this process came so far: nobody will say so again.
      this.ask({ kind: 'parent-gone' });
    }
  }

  /** Aborted at the first request: end in good order. */
  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  /** Aborted at the second request: end at once. */
  get insisted(): AbortSignal {
    return this.#insisted.signal;
  }

  /** The first request's cause. */
  get cause(): StopCause | undefined {
    return this.#cause;
  }

  /** The exit code that tells a shell which signal ended the command; 0 when no signal did. */
  get exitCode(): number {
    return this.#cause?.kind === 'signal' ? 128 + constants.signals[this.#cause.signal] : 0;
  }

  /** Files a request, as a signal does. */
  ask(cause: StopCause): void {
    if (this.#cause === undefined) {
      this.#cause = cause;
      this.#askedAt = this.#now();
      this.#asked.abort();
    } else if (this.#now() - this.#askedAt > samePressMs) {
      this.#insisted.abort();
    }
  }

  /** Stops listening. */
  dispose(): void {
    for (const remove of this.#listeners.splice(0)) remove();
  }

  #listen(event: string, listener: () => void): void {
    process.on(event, listener);
    this.#listeners.push(() => process.off(event, listener));
  }
}

/** Resolves when `signal` is aborted; at once if it already is. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * Ends as `work` does, or with a `CommandError` as soon as a stop is asked for: for work that has nothing yet to end in good order, such as trying
 * to reach somebody. The work is not waited for; the process is about to end.
 */
export function unlessStopped<T>(work: Promise<T>, stop: Pick<StopRequests, 'asked' | 'exitCode'>): Promise<T> {
  const stopped = aborted(stop.asked).then((): never => {
    throw new CommandError('ended on request before it was connected', stop.exitCode || exitCodes.failed);
  });
  return Promise.race([work, stopped]);
}
