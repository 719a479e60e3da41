import { limits, type NodeCounters, type RegionRecord } from '@pagewire/protocol';
import type { MemoryKind } from './memory.js';
import type { NodeState } from './service-host.js';

/** What a node answers to a client that asks for its status, as JSON. */
export interface NodeStatus {
  readonly name: string;
  readonly incarnation: number;
  readonly state: NodeState;
  readonly urls: readonly string[];
  readonly memory: MemoryKind;
  /** One line for people: why this kind of memory. */
  readonly memoryReason: string;
  /** The regions open here. */
  readonly regions: readonly RegionRecord[];
  readonly counters: NodeCounters;
}

/** The status as JSON of at most `limits.maxStatusBytes`. `regionCount` counts all regions; `regions` lists the first of them, as many as fit. */
export function nodeStatusJson(status: NodeStatus): string {
  const whole = { ...status, regionCount: status.regions.length };
  let room = limits.maxStatusBytes - Buffer.byteLength(JSON.stringify({ ...whole, regions: [] }));
  const fit = status.regions.findIndex((region) => {
    room -= Buffer.byteLength(JSON.stringify(region)) + 1;
    return room < 0;
  });
  return JSON.stringify(fit === -1 ? whole : { ...whole, regions: status.regions.slice(0, fit) });
}
