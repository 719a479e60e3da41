import { Random } from '../src/random.js';
import { RegisterHistory, type StoredValue } from '../src/register-history.js';

interface Operation {
  readonly kind: 'read' | 'write';
  readonly start: number;
  readonly end: number;
  readonly value: number;
}

/** By definition: is there an order of the operations that keeps to real time and in which every read returns the write before it? */
function explained(left: readonly Operation[], content: number): boolean {
  if (left.length === 0) return true;
  const firstEnd = Math.min(...left.map(({ end }) => end));
  return left.some(
    (operation) =>
      operation.start < firstEnd &&
      (operation.kind === 'write' || operation.value === content) &&
      explained(
        left.filter((other) => other !== operation),
        operation.value,
      ),
  );
}

function randomHistory(random: Random): Operation[] {
  const size = 3 + random.below(4);
  const ticks = Array.from({ length: 2 * size }, (_, i) => ({ tick: i + 1, order: random.uint32() })).sort((a, b) => a.order - b.order);
  const spans = Array.from({ length: size }, (_, i) => [ticks[2 * i]?.tick ?? 0, ticks[2 * i + 1]?.tick ?? 0].sort((a, b) => a - b));
  const writes = 1 + random.below(size - 1);
  return spans.map(([start = 0, end = 0], i) => {
    const kind = i < writes ? 'write' : 'read';
    return { kind, start, end, value: kind === 'write' ? i + 1 : random.below(writes + 1) };
  });
}

/** What the incremental checker says, fed in order of time. */
function judged(operations: readonly Operation[]): boolean {
  const history = new RegisterHistory();
  const written = new Map<Operation, StoredValue>();
  const problems: (string | undefined)[] = [];
  const events = operations.flatMap((operation) => [
    { at: operation.start, operation },
    { at: operation.end, operation },
  ]);
  for (const { at, operation } of events.sort((a, b) => a.at - b.at)) {
    const { kind, start, value } = operation;
    const known = written.get(operation);
    if (kind === 'read') {
      if (at === start) history.beginRead(at);
      else problems.push(history.endRead(start, at, { writer: value === 0 ? 0 : 1, sequence: value }));
    } else if (known) problems.push(history.acknowledged(known, at));
    else written.set(operation, history.beginWrite(1, value, at));
  }
  return problems.every((problem) => problem === undefined);
}

/** Runs `count` random histories past both. */
export function compareWithSearch(count: number): { disagreements: Operation[][]; accepted: number; rejected: number } {
  const random = new Random(20_101_127, 0);
  const result = { disagreements: [] as Operation[][], accepted: 0, rejected: 0 };
  for (let i = 0; i < count; i++) {
    const operations = randomHistory(random);
    const expected = explained(operations, 0);
    if (expected) result.accepted++;
    else result.rejected++;
    if (expected !== judged(operations)) result.disagreements.push(operations);
  }
  return result;
}
