import type { Job } from '../job.js';
import type { Outcome } from '../outcome.js';
import type {} from './web-assembly.js';

/** What a thread of a team is started with. */
export interface ThreadStart {
  readonly job: Job;
  readonly rank: number;
  readonly size: number;
  readonly barrier: SharedArrayBuffer;
}

/** thread → its process. Memory is made by the process, so that all threads that name it get the same. */
export type ThreadRequest =
  | { readonly kind: 'share'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'share-memory'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'done'; readonly outcome: Outcome };

/** process → thread, one for each request for memory, in their order. */
export type ThreadAnswer =
  | { readonly kind: 'shared'; readonly buffer: SharedArrayBuffer }
  | { readonly kind: 'shared-memory'; readonly memory: WebAssembly.Memory };
