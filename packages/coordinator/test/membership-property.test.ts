import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MembershipModel, type Move } from './membership-model.js';

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Move['kind'][]>(
      'join',
      'join',
      'rejoin',
      'impostor',
      'renew',
      'renew',
      'renew',
      'leave',
      'renew-all',
      'suspect',
      'link-lost',
      'wait',
      'freeze',
    ),
    name: fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5'),
    pick: fc.nat(40),
    ms: fc.integer({ min: 1, max: 4000 }),
  }),
  { maxLength: 120, size: 'max' },
);

test('no two members share a name, none is lost before its lease ended unless it said so, and numbers only grow', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(moves, (run) => {
      const model = new MembershipModel();
      for (const move of run) model.play(move);
      for (const event of model.seen) seen.add(event);
      expect(model.broken).toEqual([]);
    }),
    { numRuns: 500 },
  );
  expect([...seen].sort()).toEqual([
    'admitted',
    'expelled by link-lost',
    'expelled by tick',
    'lease-ended',
    'left',
    'name-taken',
    'overloaded',
    'rejoined',
  ]);
});
