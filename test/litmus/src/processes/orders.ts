import type { MemoryMode } from '@pagewire/node';
import type { Operation } from '../litmus-test.js';

/** How a node touches memory: by the asynchronous calls of a region, in one way or another, or as any program touches a SharedArrayBuffer. */
export type Way = 'call' | 'atomics' | 'pinned';

/** One operation of a thread, with its place in the region. */
export interface OrderedStep {
  readonly operation: Operation;
  /** Bytes from the start of the region. */
  readonly offset: number;
  /** Microseconds from the start of the batch before which it does not begin. */
  readonly notBeforeUs: number;
  readonly way: Way;
}

/** One thread of one iteration. */
export type Lane = readonly OrderedStep[];

export interface RunOrder {
  /** On the monotonic clock that all processes of a machine share, see `clockUs`. */
  readonly startsAtUs: number;
  readonly lanes: readonly Lane[];
  /** Loads, stores and Atomics on the region's buffer instead of calls: the lanes are done by one thread that waits where a page is missing. */
  readonly plainly: boolean;
  /** The process kills itself at this time from the start of the batch, or when its lanes are done if that is later. */
  readonly diesAtUs?: number;
}

/** How a lane ended: all done, or with the code of the access that failed. */
export interface LaneReport {
  /** The values that its operations found, in order; stores find nothing. */
  readonly found: readonly number[];
  /** `done`, or why it stopped: an error code, or a message. */
  readonly end: string;
}

export interface RunReport {
  readonly lanes: readonly LaneReport[];
  /** A quarter of the accesses that waited for a page to come took less than this: what one takes that meets no queue. 0 if none waited. */
  readonly accessUs: number;
  /** When the last lane ended, from the start of the batch. */
  readonly endedUs: number;
}

export interface PageTouch {
  readonly page: number;
  readonly right: 'readonly' | 'exclusive';
}

/** What a node process does when it is told. */
export interface NodeCalls {
  open(region: string, bytes: number): Promise<void>;
  /** Gives the handle up, and the region with it where `deletes` says so. */
  close(region: string, deletes: boolean): Promise<void>;
  warmUp(region: string, touches: readonly PageTouch[]): Promise<void>;
  run(region: string, order: RunOrder): Promise<RunReport>;
  /** The int32 at each offset, or the code that reading it failed with. */
  read(region: string, offsets: readonly number[]): Promise<readonly (number | string)[]>;
  /** The number of the life that the node lives, which changes when it was fenced; waits until it lives one. */
  incarnation(): Promise<number>;
}

/** What a node process is started with, as JSON in its first argument. */
export interface NodeStart {
  readonly coordinator: string;
  readonly name: string;
  readonly memory: MemoryMode;
  readonly faultTimeoutMs: number;
}

export type Call = {
  readonly [Name in keyof NodeCalls]: { readonly id: number; readonly name: Name; readonly args: Parameters<NodeCalls[Name]> };
}[keyof NodeCalls];
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** The bytes of a page in every region of litmus tests; mapped memory needs the machine's own. */
export const pageBytes = 4096;

/** Microseconds on a clock that only goes forward and is the same for all processes of this machine. */
export const clockUs = (): number => Number(process.hrtime.bigint()) / 1000;
