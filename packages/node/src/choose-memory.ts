import { type Millis, PagewireError, showValue } from '@pagewire/protocol';
import { type Probe, probe } from '@pagewire/userfaultfd';
import type { LeaseEnd } from './lease.js';
import type { MemoryKind, MemoryMode, MemoryShape, PageMemory } from './memory.js';
import type { PagedRegion } from './paged-region.js';
import type { Pager } from './pager.js';
import { SoftwareMemory } from './software-memory.js';

/** What memory needs of a node to serve plain accesses. */
export interface PlainServing {
  readonly pager: Pager;
  /** How long a thread may wait for a page. */
  readonly timeoutMs: number;
  now(): Millis;
  /** Does what came from the kernel. What it throws is a bug. */
  guard(work: () => void): void;
  /** A thread waits for what it cannot have: a load or a store cannot fail, so the process has to end. */
  unservable(error: PagewireError): void;
}

/** The memory that a node uses for all its regions. */
export interface ChosenMemory {
  readonly kind: MemoryKind;
  /** One line for people: why this kind. */
  readonly reason: string;
  allocate(shape: MemoryShape): PageMemory;
  /** From now on plain accesses are served; the answer is to be called with each region when it is opened here. */
  serve(serving: PlainServing): (region: PagedRegion) => void;
  /**
   * When the rights of this node end, unless its lease is renewed; `undefined` when it has none. Where threads use memory without asking,
   * they are stopped then even if nothing of this node can run.
   */
  leaseEnds(lease: LeaseEnd | undefined): void;
  /** Gives everything back. The memories that were allocated are not to be used any more. */
  close(): void;
}

/** Which memory a node takes, and why. */
export interface MemoryChoice {
  readonly kind: MemoryKind;
  readonly reason: string;
}

/** Throws `unsupported`, with what is missing, when this machine (`can` asks it) cannot give what `mode` insists on. */
export function chooseMemory(mode: MemoryMode, can: () => Probe = probe): MemoryChoice {
  switch (mode) {
    case 'software':
      return { kind: 'software', reason: 'software memory was asked for' };
    case 'auto': {
      const { supported, reasons, via, userModeOnly } = can();
      if (!supported) return { kind: 'software', reason: `no mapped memory here: ${listed(reasons)}` };
      const how = via === 'syscall' ? 'the system call' : String(via);
      return { kind: 'mapped', reason: `userfaultfd works here (${how}${userModeOnly ? ', user mode only' : ''})` };
    }
    case 'mapped': {
      const { supported, reasons, remedy } = can();
      if (supported) return { kind: 'mapped', reason: 'mapped memory was asked for' };
      throw new PagewireError(
        'unsupported',
        `memory: 'mapped' was asked for, but this machine cannot: ${listed(reasons)}. ` +
          `${remedy === undefined ? '' : `To enable it: ${remedy}. `}Or use 'software', or 'auto' to take the best there is`,
      );
    }
    default:
      throw new PagewireError('bad-argument', `memory is 'auto', 'mapped' or 'software', not ${showValue(mode)}`);
  }
}

/** Sentences as the parts of one, without full stops of their own. */
const listed = (reasons: readonly string[]): string => reasons.map((reason) => reason.replace(/\.+$/, '')).join('; ');

/** Memory in which plain loads and stores cannot fault. */
export function softwareMemory(reason: string): ChosenMemory {
  return {
    kind: 'software',
    reason,
    allocate: (shape) => new SoftwareMemory(shape),
    serve: () => () => {},
    leaseEnds: () => {},
    close: () => {},
  };
}
