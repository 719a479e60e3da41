import type { RankedNode, Region } from '@pagewire/node';
import { roundedUp, type Team, type Traffic } from './team.js';

/** This process as a member of a team of processes: memory is a region of their cluster, mapped, so that plain accesses fault across them. */
export class ClusterTeam implements Team {
  readonly rank: number;
  readonly size: number;
  readonly #node: RankedNode;

  constructor(node: RankedNode) {
    this.rank = node.rank;
    this.size = node.size;
    this.#node = node;
  }

  async share(name: string, bytes: number): Promise<SharedArrayBuffer> {
    return (await this.#region(name, bytes)).buffer;
  }

  async shareMemory(name: string, bytes: number): Promise<WebAssembly.Memory> {
    return (await this.#region(name, bytes)).memory;
  }

  async barrier(): Promise<void> {
    await this.#node.barrier('team', this.size).arrive();
  }

  traffic(): Traffic {
    const { readFaults, writeFaults, pagesReceived } = this.#node.counters();
    return { readFaults, writeFaults, pages: pagesReceived };
  }

  /** Stays open until the node closes: closing a region takes its buffer away. */
  async #region(name: string, bytes: number): Promise<Region> {
    return await this.#node.region(name, { bytes: roundedUp(bytes) });
  }
}
