export { type CellValue, type OperationKind, operationKinds } from './cell.js';
export { checkHistory } from './checker/check-history.js';
export { type Counts, explain, type Rule, type Verdict, type Violation } from './checker/verdict.js';
export { digestOf } from './digest.js';
export {
  append,
  type History,
  historyOf,
  type Location,
  type Operation,
  type OperationWitness,
  type Outcome,
  operationsOf,
  type Process,
} from './history.js';
export { mergeHistories } from './merge.js';
export { OperationColumns } from './operation-columns.js';
export { RecordedRegion, type RecordedRegionOptions, type WitnessedRegion } from './recorded-region.js';
export { HistoryRecorder, RecordedProcess, type RecorderOptions } from './recorder.js';
