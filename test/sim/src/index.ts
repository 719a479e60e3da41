export type { Failure, Layer, Outcome, PlayOptions } from './layer.js';
