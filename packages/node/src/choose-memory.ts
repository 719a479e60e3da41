import { PagewireError } from '@pagewire/protocol';
import type { MemoryKind, MemoryMode, MemoryShape, PageMemory } from './memory.js';
import { SoftwareMemory } from './software-memory.js';

/** The memory that a node uses for all its regions. */
export interface ChosenMemory {
  readonly kind: MemoryKind;
  /** One line for people: why this kind. */
  readonly reason: string;
  allocate(shape: MemoryShape): PageMemory;
}

/** Throws `unsupported` when this build cannot give what `mode` insists on. */
export function chooseMemory(mode: MemoryMode): ChosenMemory {
  const allocate = (shape: MemoryShape): PageMemory => new SoftwareMemory(shape);
  switch (mode) {
    case 'software':
      return { kind: 'software', reason: 'software memory was asked for', allocate };
    case 'auto':
      return { kind: 'software', reason: 'mapped memory is not in this build', allocate };
    case 'mapped':
      throw new PagewireError(
        'unsupported',
        "memory: 'mapped' was asked for, but mapped memory is not in this build; use 'software', or 'auto' to take the best there is",
      );
    default:
      throw new PagewireError('bad-argument', `memory is 'auto', 'mapped' or 'software', not ${JSON.stringify(mode)}`);
  }
}
