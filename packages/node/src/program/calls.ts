import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode, Incarnation, RegionId, Right, Witness } from '@pagewire/protocol';
import type { WasmMemory } from '@pagewire/userfaultfd';
import type { ClusterNodeOptions } from '../cluster-node.js';
import type { NodeState } from '../service-host.js';

/** What a node is made of, apart from its memory. */
export type NodeSettings = Omit<ClusterNodeOptions, 'memory' | 'unservable'>;

/** Names an object that the pager's thread keeps for the program's thread. */
export type ObjectNumber = number;
/** The node itself. */
export const nodeObject: ObjectNumber = 0;

/** program → pager: do this, in the order in which it is asked for. */
export interface Call {
  readonly id: number;
  readonly on: ObjectNumber;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** pager → program. */
export type Answer =
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  /** No `code`: a bug. */
  | { readonly kind: 'failed'; readonly id: number; readonly code: ErrorCode | undefined; readonly message: string };

/** pager → program: the node has another state now. */
export interface StateNotice {
  readonly kind: 'state';
  readonly state: NodeState;
  readonly reason: string;
  readonly incarnation: Incarnation;
}
export type FromPager = Answer | StateNotice;

/** What the pager's thread starts with. */
export interface PagerThreadData {
  readonly settings: NodeSettings;
  readonly reason: string;
  readonly port: MessagePort;
  readonly shared: SharedArrayBuffer;
}

/** What `start` answers, once the node is a member. */
export interface StartedNode {
  readonly incarnation: Incarnation;
  readonly urls: readonly string[];
  readonly port: number;
  readonly state: NodeState;
}
export interface OpenedRegion {
  readonly object: ObjectNumber;
  readonly id: RegionId;
  readonly name: string;
  readonly bytes: number;
  readonly pageBytes: number;
  /** One word, which is not 0 once the region does not exist any more. */
  readonly gone: SharedArrayBuffer;
}
/** The answer to a witnessed access, once others may depend on it. */
export interface WitnessedAnswer<T> {
  readonly value: T;
  readonly witness: Witness;
}
export interface OpenedWindow {
  readonly object: ObjectNumber;
  readonly offset: number;
  readonly bytes: number;
  readonly buffer: SharedArrayBuffer;
  readonly memory: WasmMemory | undefined;
}
export interface GainedPin {
  readonly object: ObjectNumber;
  readonly offset: number;
  readonly length: number;
  readonly right: Right;
  /** The life of the node that the pin belongs to, as `SharedState.life` counts them. */
  readonly life: number;
  /** The pinned bytes, in memory that both threads see. */
  readonly frames: Uint8Array;
}
