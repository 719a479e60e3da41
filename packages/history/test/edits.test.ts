import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHistory, type Operation, type OperationKind, operationsOf, type Verdict } from '../src/index.js';
import { isExplained, isSequentiallyConsistent } from './brute-force.js';
import { edits } from './edits.js';
import { Choices, history, type ReferenceOptions, referenceHistory } from './reference-memory.js';
import { replayable } from './replayable.js';

const perPage = 2;
const pageOf = (location: number): number => Math.floor(location / perPage);

const shapes: fc.Arbitrary<Required<ReferenceOptions>> = fc.record({
  seed: fc.nat(),
  processes: fc.integer({ min: 2, max: 4 }),
  operations: fc.integer({ min: 4, max: 14 }),
  nodes: fc.integer({ min: 1, max: 3 }),
  locations: fc.integer({ min: 1, max: 4 }),
  perPage: fc.constant(perPage),
  // Few different values make wrong reads look right, unique ones do not.
  values: fc.constantFrom(0, 0, 2),
  clocks: fc.constantFrom<'one' | 'each'>('one', 'each'),
  kinds: fc.constantFrom<readonly OperationKind[]>(
    ['read', 'write'],
    ['read', 'read', 'write', 'add'],
    ['read', 'write', 'add', 'exchange', 'compareExchange'],
  ),
});
const runs = replayable<[ReferenceOptions]>('edits.test.ts', 1000);

const verdictOn = (operations: readonly Operation[], shape: ReferenceOptions): Verdict => checkHistory(history(operations, shape));
const endsAfterItBegan = ({ invoked, completed = 0 }: Operation): boolean => completed >= invoked;

describe('a correct memory', () => {
  it('has histories that the checker accepts', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const operations = operationsOf(referenceHistory(shape));
        expect(isExplained(operations, pageOf, shape.clocks)).toBe(true);
        expect(verdictOn(operations, shape).outcome).toBe('consistent');
      }),
      runs,
    );
  });
});

describe('a history of many operations', () => {
  const long = { seed: 3, processes: 2, operations: 200_000, nodes: 2, locations: 1, perPage: 1 };

  it('is gone through without recursion, and so is a cycle that spans it', () => {
    expect(checkHistory(referenceHistory(long)).outcome).toBe('consistent');
    const operations = operationsOf(referenceHistory({ ...long, clocks: 'each' }));
    // One process reads, before all else, what the other writes after all else.
    const beyond = { location: 1, outcome: 'ok' } as const;
    const first = {
      ...beyond,
      process: 0,
      kind: 'read',
      result: 1,
      invoked: 0,
      completed: 0,
      witness: { incarnation: 8, version: 1, serial: 0 },
    } as const;
    const last = {
      ...beyond,
      process: 1,
      kind: 'write',
      argument: 1,
      invoked: 1e9,
      completed: 1e9,
      witness: { incarnation: 9, version: 1, serial: 0 },
    } as const;
    const verdict = checkHistory(history([first, ...operations, last], { ...long, locations: 2, clocks: 'each' }));
    expect(verdict).toMatchObject({ outcome: 'inconsistent', violation: { rule: 'cycle' } });
    expect(verdict.outcome === 'inconsistent' && verdict.violation.operations.length).toBeLessThan(8);
  }, 60_000);
});

describe.each(Object.entries(edits))('when %s', (_name, edit) => {
  it('the checker says what the definitions say, and rejects whatever no order of the operations explains', () => {
    let rejected = 0;
    fc.assert(
      fc.property(shapes, (shape) => {
        const operations = edit(operationsOf(referenceHistory(shape)), new Choices(shape.seed + 1));
        fc.pre(operations !== undefined && operations.length > 0);
        const isAccepted = verdictOn(operations, shape).outcome === 'consistent';
        expect(isAccepted).toBe(operations.every(endsAfterItBegan) && isExplained(operations, pageOf, shape.clocks));
        expect(isAccepted && !isSequentiallyConsistent(operations)).toBe(false);
        rejected += isAccepted ? 0 : 1;
      }),
      runs,
    );
    expect(rejected).toBeGreaterThan(10);
  });
});

/** What rejects the edits of larger histories, which are the same in each run. */
function rejections(clocks: 'one' | 'each'): { readonly rules: Map<string, number>; readonly named: readonly boolean[] } {
  const rules = new Map<string, number>();
  const named: boolean[] = [];
  for (const [index, edit] of Object.values(edits).entries()) {
    for (let seed = 0; seed < 100; seed++) {
      const shape = { seed: seed * 100 + index, processes: 4, operations: 60, nodes: 4, locations: 3, perPage: 1, clocks };
      const operations = edit(operationsOf(referenceHistory(shape)), new Choices(seed)) ?? [];
      const verdict = verdictOn(operations, shape);
      if (verdict.outcome !== 'inconsistent') continue;
      rules.set(verdict.violation.rule, (rules.get(verdict.violation.rule) ?? 0) + 1);
      named.push(verdict.violation.operations.every((each) => each < operations.length));
    }
  }
  return { rules, named };
}

describe('every rule', () => {
  it('finds edits that no other finds, and names operations that the history has', () => {
    const timed = rejections('one');
    const untimed = rejections('each');
    expect(new Set([...timed.rules.keys(), ...untimed.rules.keys()])).toEqual(new Set(['witness', 'value', 'real-time', 'cycle']));
    expect(untimed.rules.get('cycle')).toBeGreaterThan(20);
    expect([...timed.named, ...untimed.named]).not.toContain(false);
  });
});
