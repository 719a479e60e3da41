import type { ChannelNetwork } from '@pagewire/transport';

/** What a process finds in its global scope instead of the real thing, and what it imports for randomness. */
export interface ProcessGlobals {
  setTimeout(run: () => void, ms?: number): SimulatedTimer;
  clearTimeout(timer: SimulatedTimer | undefined): void;
  setInterval(run: () => void, ms?: number): SimulatedTimer;
  clearInterval(timer: SimulatedTimer | undefined): void;
  setImmediate(run: () => void): SimulatedTimer;
  clearImmediate(timer: SimulatedTimer | undefined): void;
  readonly performance: { now(): number };
  readonly Date: { now(): number };
  readonly Math: Math;
  readonly process: {
    nextTick(run: () => void): void;
    emitWarning(warning: string, options?: { readonly detail?: string }): void;
    memoryUsage(): { readonly rss: number; readonly heapUsed: number };
  };
  readonly network: ChannelNetwork;
  readonly crypto: { randomBytes(length: number): Buffer; randomInt(least: number, limit?: number): number };
}

/** A timer of a simulated process, with the methods of Node's that the product uses. */
export interface SimulatedTimer {
  ref(): SimulatedTimer;
  unref(): SimulatedTimer;
  hasRef(): boolean;
}
