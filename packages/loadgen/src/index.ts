export { type Distribution, distributions } from './choosers.js';
export type { LoadClock } from './clock.js';
export { formatReport } from './format-report.js';
export type { LoadClient, OpenClient } from './load-client.js';
export type { LatencySummary, OpKind } from './meter.js';
export { type LoadOptions, loadLimits, type WorkloadName, workloadNames } from './options.js';
export type { LoadPhase, LoadProgress } from './progress.js';
export type { LoadReport, VerificationReport } from './report.js';
export { type LoadHooks, runLoad } from './run-load.js';
