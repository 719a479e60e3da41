import type { ErrorCode, RegionAccess } from '@pagewire/protocol';
import { codeOf } from './outcome.js';

/** What became of increments: `ok` ones happened, `outcome-unknown` ones may have, all others did not. */
export class Tally {
  readonly #counts = new Map<ErrorCode | 'ok', number>();

  note(code: ErrorCode | 'ok'): void {
    this.#counts.set(code, this.count(code) + 1);
  }

  count(code: ErrorCode | 'ok'): number {
    return this.#counts.get(code) ?? 0;
  }

  get acked(): number {
    return this.count('ok');
  }

  get unknown(): number {
    return this.count('outcome-unknown');
  }

  get codes(): readonly (ErrorCode | 'ok')[] {
    return [...this.#counts.keys()];
  }

  /** Whether a counter that reads `value` holds every acknowledged increment and none that did not happen. */
  judge(value: number): 'within' | `${number} is not within ${number} to ${number}` {
    const most = this.acked + this.unknown;
    return value >= this.acked && value <= most ? 'within' : `${value} is not within ${this.acked} to ${most}`;
  }
}

/**
 * Adds 1 to the int32 at `offset`, one after the other, `times` times, until `stop` says so, or until the client is closed: after that,
 * all adds would fail at once, and a loop of promises that are settled already never lets a timer or a socket have its turn.
 */
export async function increment(
  region: RegionAccess,
  offset: number,
  tally: Tally,
  { times = Number.POSITIVE_INFINITY, stop = () => false }: { readonly times?: number; readonly stop?: () => boolean },
): Promise<void> {
  for (let done = 0; done < times && !stop(); done += 1) {
    const code = await codeOf(region.atomics.add('int32', offset, 1));
    tally.note(code);
    if (code === 'closed') return;
    if (code !== 'ok') await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What a counter says after failures: `lost` where its page died with a node, otherwise how it compares with `tally`. */
export async function verdict(region: RegionAccess, offset: number, tally: Tally): Promise<string> {
  let value = 0;
  const code = await codeOf(
    region.atomics.load('int32', offset).then((loaded) => {
      value = loaded;
    }),
  );
  if (code === 'page-lost') return 'lost';
  return code === 'ok' ? tally.judge(value) : code;
}
