import { PAGE_BYTES } from './team/team.js';

/**
 * Lays parts out in one shared buffer so that each begins on a page of its own. One page then has one writer: if two members wrote to one
 * page, each of their stores could find the page at the other one and wait for it to travel, however far apart the bytes are (false sharing).
 */
export class PageLayout {
  #bytes = 0;

  /** Where the next part of `bytes` bytes begins. */
  take(bytes: number): number {
    const offset = this.#bytes;
    this.#bytes += Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    return offset;
  }

  /** Of everything that was taken. */
  get bytes(): number {
    return this.#bytes;
  }
}

export interface Band {
  readonly from: number;
  /** The first that is not in the band. */
  readonly to: number;
}

/** `count` things, in `members` bands of as equal a length as can be. */
export function bandsOf(count: number, members: number): Band[] {
  const edge = (member: number): number => Math.floor((count * member) / members);
  return Array.from({ length: members }, (_, member) => ({ from: edge(member), to: edge(member + 1) }));
}

/** The band of a member that exists. */
export function bandOf(bands: readonly Band[], rank: number): Band {
  const band = bands[rank];
  if (band === undefined) throw new RangeError(`there is no member ${rank} among ${bands.length}`);
  return band;
}
