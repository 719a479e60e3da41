import { type DescriptorWatch, watchReadable } from './descriptor-watch.js';
import { invalidArgument, systemError, UserfaultfdError } from './error.js';
import { libc, openFlags } from './libc.js';

const clockMonotonic = 1;

/**
 * A timer of microseconds on this thread's event loop (timerfd_create(2)); setTimeout counts in milliseconds. It fires once for each
 * `arm`, not before its time, and later by what the loop is busy with. It keeps the loop alive until it is closed, unless `unref` is called.
 */
export class PreciseTimer {
  readonly #fd: number;
  readonly #watch: DescriptorWatch;
  readonly #onExpiry: () => void;
  /** struct itimerspec: interval seconds, interval nanoseconds, seconds, nanoseconds; 64 bits each. */
  readonly #spec = new Uint32Array(8);
  readonly #expirations = new Uint32Array(2);
  #closed = false;

  constructor(onExpiry: () => void) {
    const c = libc();
    this.#fd = c.timerfdCreate(clockMonotonic, openFlags.nonBlock | openFlags.closeOnExec);
    if (this.#fd < 0) throw systemError('timerfd_create', c.errno(), 'Check the limit of open files (ulimit -n).');
    this.#onExpiry = onExpiry;
    this.#watch = watchReadable(this.#fd, () => this.#expired());
  }

  /** Fires `microseconds` from now, in place of what was armed before. */
  arm(microseconds: number): void {
    if (!(microseconds >= 0 && microseconds <= 0xffff_ffff * 1e6)) {
      throw invalidArgument(`A timer cannot be armed for ${microseconds} microseconds.`);
    }
    // All zeros would disarm it, so 0 becomes a nanosecond.
    const nanoseconds = Math.max(1, Math.round(microseconds * 1000));
    this.#set(Math.floor(nanoseconds / 1e9), nanoseconds % 1e9);
  }

  /** Does not fire until it is armed again. */
  disarm(): void {
    this.#set(0, 0);
  }

  ref(): void {
    this.#watch.ref();
  }

  unref(): void {
    this.#watch.unref();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    libc().close(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #set(seconds: number, nanoseconds: number): void {
    if (this.#closed) throw new UserfaultfdError('closed', 'The timer has been closed.');
    this.#spec[4] = seconds;
    this.#spec[6] = nanoseconds;
    const c = libc();
    if (c.timerfdSettime(this.#fd, 0, this.#spec, null) < 0) throw systemError('timerfd_settime', c.errno(), 'The timer is not armed.');
  }

  #expired(): void {
    // Nothing to read: it was armed anew, or disarmed, after the loop saw it ready.
    if (libc().read(this.#fd, this.#expirations, 8) === 8) this.#onExpiry();
  }
}
