import { PagewireError } from '@pagewire/protocol';

/** What became of the operations of a load: those that were acknowledged, and the others by code. */
export class Tallies {
  readonly #byCode = new Map<string, number>();

  note(code: string, count = 1): void {
    this.#byCode.set(code, (this.#byCode.get(code) ?? 0) + count);
  }

  get acknowledged(): number {
    return this.#byCode.get('ok') ?? 0;
  }

  /** Whether they took effect nobody can tell. */
  get unknown(): number {
    return this.#byCode.get('outcome-unknown') ?? 0;
  }

  get total(): number {
    return [...this.#byCode.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Without those that went well. */
  get failures(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#byCode].filter(([code]) => code !== 'ok').sort(([a], [b]) => a.localeCompare(b)));
  }
}

/** What a cluster that suffers may answer; every other error is a finding. */
const survivable: ReadonlySet<string> = new Set([
  'page-lost',
  'fenced',
  'timeout',
  'overloaded',
  'unreachable',
  'outcome-unknown',
  'closed',
]);

/** The code of an error that a fault explains; undefined for one that nothing does. */
export function survivableCode(error: unknown): string | undefined {
  return error instanceof PagewireError && survivable.has(error.code) ? error.code : undefined;
}
