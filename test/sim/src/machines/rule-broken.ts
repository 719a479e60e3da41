import type { Failure } from '../layer.js';

/** A checker has seen a rule broken. `kind` is the invariant (`I1` to `I8`), the rule, or what else the checker is about. */
export class RuleBroken extends Error {
  override readonly name = 'RuleBroken';
  constructor(
    readonly kind: string,
    what: string,
  ) {
    super(`${kind}: ${what}`);
  }
}

/** What a thrown error says of the run: a rule that was broken, or a bug that threw. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof RuleBroken) return { kind: thrown.kind, what: thrown.message };
  if (thrown instanceof Error) return { kind: thrown.name, what: `${thrown.name}: ${thrown.message}` };
  return { kind: 'thrown', what: String(thrown) };
}
