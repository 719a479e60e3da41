/** An operation that took this long, or failed, is remembered: it may be what a fault did. */
const remarkableMs = 100;
const maxRemembered = 20_000;

export interface Sample {
  /** The member that it was asked of, or that did it. */
  readonly member: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly ok: boolean;
}

/** How operations fared over time, to tell later what a fault has done to them. */
export class Samples {
  readonly #remarkable: Sample[] = [];

  note(sample: Sample): void {
    if (sample.ok && sample.endMs - sample.startMs < remarkableMs) return;
    this.#remarkable.push(sample);
    if (this.#remarkable.length > maxRemembered) this.#remarkable.shift();
  }

  /** The longest operation that was under way between the two times, in milliseconds; of one member, or of all. */
  slowest({ fromMs, toMs, member }: { readonly fromMs: number; readonly toMs: number; readonly member?: string }): number {
    return this.#during(fromMs, toMs, member).reduce((longest, { startMs, endMs }) => Math.max(longest, endMs - startMs), 0);
  }

  failures({ fromMs, toMs, member }: { readonly fromMs: number; readonly toMs: number; readonly member?: string }): number {
    return this.#during(fromMs, toMs, member).filter(({ ok }) => !ok).length;
  }

  #during(fromMs: number, toMs: number, member: string | undefined): readonly Sample[] {
    return this.#remarkable.filter(
      (sample) => sample.endMs >= fromMs && sample.startMs <= toMs && (member === undefined || sample.member === member),
    );
  }
}
