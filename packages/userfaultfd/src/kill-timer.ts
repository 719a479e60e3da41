import { invalidArgument, systemError, UserfaultfdError } from './error.js';
import { libc } from './libc.js';

/** Goes on while the machine is suspended (clock_gettime(2)). */
const clockBoottime = 7;
const sigkill = 9;
/** struct sigevent: the value, the signal, how to notify (0: by the signal), and room that is not used here. */
const sigeventBytes = 64;

/**
 * Kills this process (SIGKILL) unless it is armed anew in time: a dead man's switch. The kernel does it (timer_create(2)), so it works while no
 * thread of the process runs JavaScript, and also on a process that is stopped.
 */
export class KillTimer {
  readonly #id: bigint;
  /** struct itimerspec: interval seconds, interval nanoseconds, seconds, nanoseconds; 64 bits each. */
  readonly #spec = new Uint32Array(8);
  #closed = false;

  constructor() {
    const c = libc();
    const event = new Int32Array(sigeventBytes / 4);
    event[2] = sigkill;
    const id = new BigUint64Array(1);
    if (c.timerCreate(clockBoottime, event, id) < 0) {
      throw systemError('timer_create', c.errno(), 'Check the limit of pending signals (ulimit -i).');
    }
    this.#id = id[0] ?? 0n;
  }

  /** Kills `milliseconds` from now, in place of what was armed before. */
  arm(milliseconds: number): void {
    if (!(milliseconds >= 0 && milliseconds <= 0x7fff_ffff)) {
      throw invalidArgument(`A kill timer cannot be armed for ${milliseconds} milliseconds.`);
    }
    // All zeros would disarm it, so 0 becomes a nanosecond.
    const nanoseconds = Math.max(1, Math.round(milliseconds * 1e6));
    this.#set(Math.floor(nanoseconds / 1e9), nanoseconds % 1e9);
  }

  /** Does not kill until it is armed again. */
  disarm(): void {
    this.#set(0, 0);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    libc().timerDelete(this.#id);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #set(seconds: number, nanoseconds: number): void {
    if (this.#closed) throw new UserfaultfdError('closed', 'The kill timer has been closed.');
    this.#spec[4] = seconds;
    this.#spec[6] = nanoseconds;
    const c = libc();
    if (c.timerSettime(this.#id, 0, this.#spec, null) < 0) throw systemError('timer_settime', c.errno(), 'The kill timer is as it was.');
  }
}
