import type { RankEnd } from '../processes/ranked-program.js';

/**
 * Finds ranks that ended well without their node having left: pages that only it had are gone, which the others find out by failing and
 * could not explain. The coordinator knows once the node's lease has ended.
 */
export class UnclosedRanks {
  readonly #say: (text: string) => void;
  /** Ended with exit code 0 while others ran. */
  readonly #ended = new Set<number>();

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** A program ended; `others` still run. */
  ended({ rank, exit }: RankEnd, others: number): void {
    if (exit.code === 0 && others > 0) this.#ended.add(rank);
  }

  /** @param line of the log of the coordinator that was started for this run */
  logged(line: string): void {
    const rank = Number(/^warn node-lost name=rank-(\d+) /.exec(line)?.[1]);
    // A node that was lost while its program still ran has another story, which `fenced` tells.
    if (this.#ended.delete(rank)) this.#say(`rank ${rank} ended without node.close(); pages that only it had are lost`);
  }
}
