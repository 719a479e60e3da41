import { libc } from './libc.js';

/** The requests of linux/userfaultfd.h on a registered range. */
export const request = {
  register: 0xc020aa00,
  unregister: 0x8010aa01,
  wake: 0x8010aa02,
  writeProtect: 0xc018aa06,
  continue: 0xc020aa07,
  poison: 0xc020aa08,
} as const;

/** How one request ended: 0 or an error number, and the bytes it got through before that. */
export interface Outcome {
  errno: number;
  doneBytes: number;
}

/**
 * Sends requests on ranges to one userfaultfd. The argument and the outcome are made once and used again by each call, so that a fault is
 * served without allocation; an outcome is good until the next call.
 */
export class RangeIoctl {
  readonly #fd: number;
  readonly #libc = libc();
  /** start, length, mode, result; 64 bits each, in halves. */
  readonly #words = new Uint32Array(8);
  readonly #outcome: Outcome = { errno: 0, doneBytes: 0 };

  constructor(fd: number) {
    this.#fd = fd;
  }

  send(ioctl: number, address: number, bytes: number, mode: number): Outcome {
    const words = this.#words;
    words[0] = address % 2 ** 32;
    words[1] = address / 2 ** 32;
    words[2] = bytes % 2 ** 32;
    words[3] = bytes / 2 ** 32;
    words[4] = mode;
    words[6] = 0;
    words[7] = 0;
    const outcome = this.#outcome;
    outcome.errno = this.#libc.ioctl(this.#fd, ioctl, words) < 0 ? this.#libc.errno() : 0;
    const high = words[7];
    // The result is minus the error number where nothing was done; then its high half is all ones.
    outcome.doneBytes = high >= 2 ** 31 ? 0 : high * 2 ** 32 + words[6];
    return outcome;
  }
}
