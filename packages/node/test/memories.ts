import { probe } from '@pagewire/userfaultfd';
import { afterEach, describe } from 'vitest';
import { type ChosenMemory, softwareMemory } from '../src/choose-memory.js';
import { KernelMemory } from '../src/mapped/kernel-memory.js';
import type { MemoryShape, PageMemory } from '../src/memory.js';

/** The end of a test's title: why it cannot run here, where it cannot. */
export const here = probe();
export const unlessHere = here.supported ? '' : ` (skipped: ${here.reasons.join(' ')})`;

/** A kind of memory that tests run over. What they open of it is closed after each test. */
export interface MemoryUnderTest {
  readonly title: string;
  readonly isHere: boolean;
  readonly pageBytes: number;
  /** The memory of one node. */
  open(): ChosenMemory;
  /** The memory of one region of a node of its own. */
  allocate(shape: MemoryShape): PageMemory;
}

const opened: ChosenMemory[] = [];

afterEach(() => {
  for (const memory of opened.splice(0)) memory.close();
});

function openMapped(): KernelMemory {
  const memory = new KernelMemory('the test wants it', () => {});
  opened.push(memory);
  return memory;
}

/** Mapped memory every region of which programs could touch. */
function windowed(): ChosenMemory {
  const memory = openMapped();
  return {
    kind: memory.kind,
    reason: memory.reason,
    allocate: (shape) => {
      const region = memory.allocate(shape);
      region.map({ offset: 0, bytes: shape.bytes });
      return region;
    },
    serve: (serving) => memory.serve(serving),
    leaseEnds: (lease) => memory.leaseEnds(lease),
    close: () => memory.close(),
  };
}

const over = (title: string, pageBytes: number, isHere: boolean, open: () => ChosenMemory): MemoryUnderTest => ({
  title,
  isHere,
  pageBytes,
  open,
  allocate: (shape) => open().allocate(shape),
});

/** Without windows: tests open those that they want. */
export const mappedIn = (pageBytes: number): MemoryUnderTest => over(`mapped memory${unlessHere}`, pageBytes, here.supported, openMapped);

/** In pages of 64 bytes, so that much happens in little memory; the kernel guards only whole pages of its own. */
export const software = over('software memory', 64, true, () => softwareMemory('the test wants it'));
const memories: readonly MemoryUnderTest[] = [
  software,
  mappedIn(64),
  over(`mapped memory with an open window${unlessHere}`, here.pageBytes, here.supported, windowed),
];

/** The same tests over every kind of memory. */
export function describeEachMemory(what: string, tests: (memory: MemoryUnderTest) => void): void {
  for (const memory of memories) describe.skipIf(!memory.isHere)(`${what}, ${memory.title}`, () => tests(memory));
}
