export type { CoordinatorReady, NodeReady } from './processes/ready-line.js';
export { type Actions, actions, type RunOptions, runCommandLine } from './program.js';
