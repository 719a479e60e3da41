import { Tally } from '@pagewire/test';
import { fillPage, pageProblem } from '../page-pattern.js';

export const pageBytes = 4096;

/** A place of the standing region: one page. It is retired for good when its only copy has died with a node. */
export abstract class Cell {
  lost = false;
  constructor(readonly page: number) {}

  get offset(): number {
    return this.page * pageBytes;
  }
}

/** A counter that clients of all nodes add to. */
export class CounterCell extends Cell {
  readonly tally = new Tally();
  /** The greatest value that anybody has been told: nobody may be told less afterwards. */
  #floor = 0;

  get floor(): number {
    return this.#floor;
  }

  /** What is wrong with a value that was read by an operation which began when the floor was `floor`. */
  seen(value: number, floor: number): string | undefined {
    if (value < floor) return `counter ${this.page} is ${value}, although it had been ${floor} before the read began: a stale read`;
    this.#floor = Math.max(this.#floor, value);
    return undefined;
  }

  /** What is wrong with its value when nothing is under way any more. */
  settled(value: number): string | undefined {
    const verdict = this.tally.judge(value);
    return verdict === 'within' ? this.seen(value, this.#floor) : `counter ${this.page}: ${verdict}`;
  }
}

/**
 * A page that is written as a whole, one version after the other, and read by clients of all nodes. Its versions are in order because a write
 * begins only when the one before has ended; after one of unknown outcome the page rests until that can no longer take effect.
 */
export class PageCell extends Cell {
  #issued = 0;
  #floor = 0;
  #restsUntilMs = 0;
  #writing = false;

  get floor(): number {
    return this.#floor;
  }

  mayWrite(nowMs: number): boolean {
    return !this.#writing && !this.lost && nowMs >= this.#restsUntilMs;
  }

  /** The bytes of the next version. */
  begin(): Uint8Array {
    this.#writing = true;
    this.#issued += 1;
    const words = new Int32Array(pageBytes / 4);
    words[0] = this.page;
    fillPage(words, this.page, this.#issued);
    return new Uint8Array(words.buffer);
  }

  /** The write has ended; `restUntilMs` is when one that failed can no longer take effect. */
  ended(outcome: 'ok' | 'failed', restUntilMs: number): void {
    this.#writing = false;
    if (outcome === 'ok') this.#floor = this.#issued;
    else this.#restsUntilMs = restUntilMs;
  }

  /** What is wrong with bytes that were read by an operation which began when the floor was `floor`. */
  seen(bytes: Uint8Array, floor: number): string | undefined {
    const words = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + pageBytes));
    const version = words[1] ?? -1;
    const problem = pageProblem(words, this.page, version);
    if (problem !== undefined) return problem;
    if (version < floor) return `page ${this.page} shows version ${version}, although ${floor} had been seen or acknowledged before: stale`;
    if (version > this.#issued) return `page ${this.page} shows version ${version}, although only ${this.#issued} were ever written`;
    this.#floor = Math.max(this.#floor, version);
    return undefined;
  }
}
