import type { PagewireError } from '@pagewire/protocol';
import { KillTimer, PreciseTimer, probe, Userfaultfd } from '@pagewire/userfaultfd';
import type { ChosenMemory, PlainServing } from '../choose-memory.js';
import type { LeaseEnd } from '../lease.js';
import type { MemoryShape } from '../memory.js';
import type { PagedRegion } from '../paged-region.js';
import { LeaseDeadline } from './lease-deadline.js';
import { MappedMemory } from './mapped-memory.js';
import { PlainFaults } from './plain-faults.js';
import { Residence } from './residence.js';
import { ThreadTurns } from './thread-turns.js';
import { Windows } from './windows.js';

/** How often frames of pages that were given up go back to the operating system. */
const trimEveryMs = 100;

/**
 * The mapped memory of one node. One userfaultfd stands guard over every window of it. Belongs to one thread, which must never touch a
 * window itself: it would wait for its own answer.
 */
export class KernelMemory implements ChosenMemory {
  readonly kind = 'mapped';
  readonly reason: string;
  readonly #userfaultfd: Userfaultfd;
  readonly #windows: Windows;
  readonly #deadline: LeaseDeadline;
  readonly #memories = new Set<MappedMemory>();
  readonly #threadTurns = new ThreadTurns();
  #closers: (() => void)[] = [];

  /** `counted` is told how many windows threads could touch. Throws what `Userfaultfd.open` does where the kernel does not let it. */
  constructor(reason: string, counted: (windows: number) => void) {
    this.reason = reason;
    this.#windows = new Windows((count) => {
      counted(count);
      this.#deadline.watch(count > 0);
    });
    this.#userfaultfd = Userfaultfd.open();
    this.#deadline = new LeaseDeadline(new KillTimer());
  }

  allocate(shape: MemoryShape): MappedMemory {
    const memory = new MappedMemory(shape, {
      userfaultfd: this.#userfaultfd,
      windows: this.#windows,
      osPageBytes: probe().pageBytes,
      closed: () => this.#memories.delete(memory),
    });
    this.#memories.add(memory);
    return memory;
  }

  serve({ pager, now, guard, timeoutMs, unservable }: PlainServing): (region: PagedRegion) => void {
    const timer = new PreciseTimer(() => guard(() => residence.expire()));
    const residence = new Residence({ pager, now, alarm: timer, turnsOf: (threadId) => this.#threadTurns.turnsOf(threadId) });
    const events = this.#userfaultfd.listen((address, _kind, write, threadId) =>
      guard(() => this.#windows.fault(address, write, threadId)),
    );
    const trimming = setInterval(() => guard(() => this.#trim()), trimEveryMs);
    this.#closers = [() => events.close(), () => timer.close(), () => clearInterval(trimming)];
    return (region) => {
      const faults = new PlainFaults({ pager, region, residence, timeoutMs, unservable: (error: PagewireError) => unservable(error) });
      region.memory.onPlainFault((index, right, threadId) => faults.fault(index, right, threadId));
    };
  }

  leaseEnds(lease: LeaseEnd | undefined): void {
    this.#deadline.move(lease);
  }

  close(): void {
    for (const memory of this.#memories) memory.close();
    for (const close of this.#closers) close();
    this.#threadTurns.close();
    this.#deadline.close();
    this.#userfaultfd.close();
  }

  #trim(): void {
    for (const memory of this.#memories) memory.trim();
  }
}
