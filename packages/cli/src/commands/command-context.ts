import type { StopRequests } from '../stop.js';
import type { Terminal } from '../terminal.js';

/** What every command gets beside its options. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly stop: StopRequests;
  /** Another pagewire command started this one and speaks for it. */
  readonly supervised: boolean;
  /** PAGEWIRE_DEBUG=1: tell what only a developer of pagewire wants to know. */
  readonly debug: boolean;
}

/** Runs a command with its parsed options and resolves with the exit code. */
export type Action<Options> = (options: Options, context: CommandContext) => Promise<number>;
