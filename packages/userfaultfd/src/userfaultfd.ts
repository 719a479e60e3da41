import { type AddressRange, assertRange } from './address-range.js';
import { errnoName, invalidArgument, systemError, UserfaultfdError } from './error.js';
import { type FaultHandler, type FaultListener, listenToFaults } from './fault-events.js';
import { type FeatureName, requiredFeatures } from './features.js';
import { advice, libc } from './libc.js';
import { handshake, openDescriptor } from './open-descriptor.js';
import { probe } from './probe.js';
import { RangeIoctl, request } from './range-ioctl.js';
import { RangeSet } from './range-set.js';

const registerMode = { missing: 1, writeProtect: 2, minor: 4 } as const;
const continueWriteProtected = 2;
const writeProtectMode = { protect: 1, dontWake: 2 } as const;
const errno = { enoent: 2, eagain: 11, efault: 14, eexist: 17 } as const;

/** The kernel may ask to try again while the address space changes. This many times in a row without progress is no passing change. */
const maxFruitlessTries = 10_000;

/**
 * A userfaultfd(2): accesses to registered memory that lacks a page, or the right to write to it, stop their thread and become events here.
 * Made for shared memory of a memfd that is mapped twice: the app mapping is registered, the alias mapping is where frames are filled.
 *
 * To take a page from a running program without losing a write: `protect`, copy the frame from the alias, `drop`, and `wake`, in this
 * order. A copy made before `protect` misses the writes that come in between.
 *
 * The descriptor belongs to the process: a worker that ends without `close` leaves it open, and threads in faults wait forever.
 */
export class Userfaultfd {
  readonly fd: number;
  /** Whether only accesses made in user mode are served; a system call given an absent page then fails with EFAULT. */
  readonly userModeOnly: boolean;
  /** All features that the kernel has, not only those in use here. */
  readonly features: readonly FeatureName[];
  readonly #ioctl: RangeIoctl;
  readonly #registered = new RangeSet();
  readonly #pageBytes = libc().pageBytes;
  #listener: FaultListener | undefined;
  #closed = false;

  private constructor(fd: number, userModeOnly: boolean, features: readonly FeatureName[]) {
    this.fd = fd;
    this.userModeOnly = userModeOnly;
    this.features = features;
    this.#ioctl = new RangeIoctl(fd);
  }

  /** A new descriptor with all that this package needs agreed on; `unsupported` where the machine lacks any of it, see `probe()`. */
  static open(): Userfaultfd {
    const can = probe();
    if (!can.supported) throw unsupported(can.reasons, can.remedy);
    const { opened, attempts } = openDescriptor();
    if (!opened) throw systemError('Opening a userfaultfd', attempts.at(-1)?.errno ?? 0, 'Check the limit of open files (ulimit -n).');
    const agreed = handshake(opened.fd, requiredFeatures);
    if ('errno' in agreed) {
      libc().close(opened.fd);
      throw systemError('The handshake UFFDIO_API', agreed.errno, `The kernel lacks one of ${requiredFeatures.join(', ')}.`);
    }
    return new Userfaultfd(opened.fd, opened.userModeOnly, agreed.features);
  }

  /** From now on every access to the range that misses a page, or writes to a protected one, is an event. */
  register(range: AddressRange): void {
    this.#assertUsable(range);
    const mode = registerMode.missing | registerMode.writeProtect | registerMode.minor;
    const { errno } = this.#ioctl.send(request.register, range.address, range.bytes, mode);
    if (errno !== 0) throw refused('UFFDIO_REGISTER', range, errno, 'Is it an app mapping, open, and not registered elsewhere?');
    this.#registered.add(range);
  }

  /** Ends it, wakes who waits in the range, and lets accesses through to the memfd as in any other memory. */
  unregister(range: AddressRange): void {
    this.#assertRegistered(range);
    const { errno } = this.#ioctl.send(request.unregister, range.address, range.bytes, 0);
    if (errno !== 0) throw refused('UFFDIO_UNREGISTER', range, errno, 'Is the app mapping still there?');
    this.#registered.remove(range);
  }

  /**
   * Maps the frames that the memfd has for the range, readable and, if `writable`, writable, and wakes who waits for them. A page that was
   * mapped already gets the wanted right. `no-frame` if the memfd has no frame for a page: write it through the alias mapping first.
   */
  install(range: AddressRange, writable: boolean): void {
    this.#assertRegistered(range);
    const mode = writable ? 0 : continueWriteProtected;
    this.#forEachPart('UFFDIO_CONTINUE', range, request.continue, mode, (address) => {
      this.#writeProtect(address, this.#pageBytes, writable ? 0 : writeProtectMode.protect);
      this.#wake(address, this.#pageBytes);
      return this.#pageBytes;
    });
  }

  /** Makes the mapped pages of the range readonly. When it returns, no thread can write to their frames any more. */
  protect(range: AddressRange): void {
    this.#assertRegistered(range);
    this.#writeProtect(range.address, range.bytes, writeProtectMode.protect);
  }

  /** Makes the mapped pages of the range writable again, and wakes who waits to write. */
  unprotect(range: AddressRange): void {
    this.#assertRegistered(range);
    this.#writeProtect(range.address, range.bytes, 0);
  }

  /** Unmaps the pages of the range: the next access is a fault. The frames stay in the memfd. It wakes nobody. */
  drop(range: AddressRange): void {
    // Only what is registered: advice given to memory of someone else's would throw its contents away.
    this.#assertRegistered(range);
    this.#drop(range.address, range.bytes);
  }

  /** Lets every thread that waits for a page of the range try its access again. */
  wake(range: AddressRange): void {
    this.#assertRegistered(range);
    this.#wake(range.address, range.bytes);
  }

  /** Makes every access to the range end in SIGBUS, also for threads that wait there now. `drop` and `install` take it back. Needs the feature `poison`. */
  poison(range: AddressRange): void {
    this.#assertRegistered(range);
    if (!this.features.includes('poison')) throw unsupported(['Poisoned pages came with Linux 6.6.'], undefined);
    this.#forEachPart('UFFDIO_POISON', range, request.poison, 0, (address) => {
      this.#drop(address, this.#pageBytes);
      // A page that was protected leaves a mark behind when it is dropped, and the kernel does not poison over it.
      this.#writeProtect(address, this.#pageBytes, writeProtectMode.dontWake);
      return 0;
    });
  }

  /** Hears of faults on this thread's event loop, one listener at a time. */
  listen(handler: FaultHandler): FaultListener {
    this.#assertOpen();
    if (this.#listener) throw invalidArgument('This userfaultfd has a listener; close it before another one listens.');
    const source = listenToFaults(this.fd, (address, kind, write, threadId) => {
      // The threads of a closed descriptor have been woken: what is left of a batch is of no use.
      if (!this.#closed) handler(address, kind, write, threadId);
    });
    const close = () => {
      source.close();
      if (this.#listener === listener) this.#listener = undefined;
    };
    const listener: FaultListener = { ...source, close, [Symbol.dispose]: close };
    this.#listener = listener;
    return listener;
  }

  /** Stops listening, wakes every thread that waits, and leaves all ranges unregistered. */
  close(): void {
    if (this.#closed) return;
    this.#listener?.close();
    this.#closed = true;
    libc().close(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Sends a request that may stop part of the way. `onMapped` deals with a page that is mapped already and says how far to go on. */
  #forEachPart(name: string, range: AddressRange, ioctl: number, mode: number, onMapped: (address: number) => number): void {
    let done = 0;
    let fruitless = 0;
    while (done < range.bytes) {
      const address = range.address + done;
      // Taken apart at once: `onMapped` sends requests of its own, and the outcome is good until the next one.
      const { errno: failed, doneBytes } = this.#ioctl.send(ioctl, address, range.bytes - done, mode);
      if (failed === 0) return;
      const progress = failed === errno.eexist ? onMapped(address) : doneBytes;
      const passing = failed === errno.eexist || failed === errno.eagain;
      fruitless = progress > 0 ? 0 : fruitless + 1;
      if (!passing || fruitless > maxFruitlessTries) {
        throw refused(name, { address, bytes: range.bytes - done }, failed, 'The pages before it are done.');
      }
      done += progress;
    }
  }

  #writeProtect(address: number, bytes: number, mode: number): void {
    for (let tries = 0; ; tries++) {
      const outcome = this.#ioctl.send(request.writeProtect, address, bytes, mode);
      if (outcome.errno === 0) return;
      if (outcome.errno !== errno.eagain || tries === maxFruitlessTries) {
        throw refused('UFFDIO_WRITEPROTECT', { address, bytes }, outcome.errno, 'Is the app mapping still there?');
      }
    }
  }

  #wake(address: number, bytes: number): void {
    const outcome = this.#ioctl.send(request.wake, address, bytes, 0);
    if (outcome.errno !== 0) throw refused('UFFDIO_WAKE', { address, bytes }, outcome.errno, 'Is the app mapping still there?');
  }

  #drop(address: number, bytes: number): void {
    const c = libc();
    if (c.madvise(address, bytes, advice.dontNeed) < 0) {
      throw refused('madvise(DONTNEED)', { address, bytes }, c.errno(), 'Is the app mapping still there?');
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new UserfaultfdError('closed', 'The userfaultfd has been closed.');
  }

  #assertUsable(range: AddressRange): void {
    this.#assertOpen();
    assertRange(range, this.#pageBytes);
  }

  #assertRegistered(range: AddressRange): void {
    this.#assertUsable(range);
    if (!this.#registered.covers(range)) {
      throw new UserfaultfdError('not-registered', `${rangeText(range)} is not registered with this userfaultfd; register it first.`);
    }
  }
}

function rangeText(range: AddressRange): string {
  return `The range of ${range.bytes} bytes at 0x${range.address.toString(16)}`;
}

function refused(what: string, range: AddressRange, number: number, hint: string): UserfaultfdError {
  const name = errnoName(number);
  const on = `${what} on ${range.bytes} bytes at 0x${range.address.toString(16)} failed with ${name}.`;
  if (what === 'UFFDIO_CONTINUE' && number === errno.efault) {
    return new UserfaultfdError('no-frame', `${on} The memfd has no frame for the first page; write it through the alias mapping.`, name);
  }
  if (number === errno.enoent) {
    return new UserfaultfdError('not-registered', `${on} The kernel knows no registered memory there. ${hint}`, name);
  }
  return systemError(`${what} on ${range.bytes} bytes at 0x${range.address.toString(16)}`, number, hint);
}

function unsupported(reasons: readonly string[], remedy: string | undefined): UserfaultfdError {
  const text = `This process cannot use userfaultfd. ${reasons.join(' ')}`;
  return new UserfaultfdError('unsupported', remedy ? `${text} To enable it: ${remedy}` : text);
}
