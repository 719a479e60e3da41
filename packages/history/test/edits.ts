import type { Operation } from '../src/index.js';
import { performed } from './brute-force.js';
import type { Choices } from './reference-memory.js';

/** Changes a history at one place; `undefined` where there is no such place. */
export type Edit = (operations: readonly Operation[], choices: Choices) => readonly Operation[] | undefined;

const pick = <T>(items: readonly T[], choices: Choices): T | undefined => items[choices.below(Math.max(1, items.length))];

const replaced = (operations: readonly Operation[], old: Operation, edited: Operation): readonly Operation[] =>
  operations.map((operation) => (operation === old ? edited : operation));

/** Every value that somebody may have left at a location. */
const valuesAt = (operations: readonly Operation[], location: number): number[] => [
  0,
  ...operations.flatMap((operation) =>
    operation.location === location
      ? [operation.argument, operation.replacement, operation.result].flatMap((value) => (value === undefined ? [] : [Number(value)]))
      : [],
  ),
];

/** Two operations of which `of` is true, not the same one. */
function pair(
  operations: readonly Operation[],
  choices: Choices,
  of: (a: Operation, b: Operation) => boolean,
): readonly [Operation, Operation] | undefined {
  const pairs = operations.flatMap((a) => operations.flatMap((b) => (a !== b && of(a, b) ? [[a, b] as const] : [])));
  return pick(pairs, choices);
}

const writes = ({ kind }: Operation): boolean => kind !== 'read';

/** The two exchange what `take` takes of an operation. */
function swapped(
  operations: readonly Operation[],
  two: readonly [Operation, Operation] | undefined,
  take: (of: Operation) => Partial<Operation>,
): readonly Operation[] | undefined {
  if (two === undefined) return undefined;
  const [a, b] = two;
  return replaced(replaced(operations, a, { ...a, ...take(b) }), b, { ...b, ...take(a) });
}

/** What a location held when the tenure of a version of its page had ended. */
function leftAt(operations: readonly Operation[], location: number, version: number): number {
  const tenures = operations.filter((each) => writes(each) && each.location === location && versionOf(each) <= version);
  const inOrder = tenures.sort((a, b) => versionOf(a) - versionOf(b) || (a.witness?.serial ?? 0) - (b.witness?.serial ?? 0));
  return inOrder.reduce(performed, 0);
}

const versionOf = ({ witness }: Operation): number => witness?.version ?? 0;
const withVersion = (operation: Operation, version: number): Operation => ({
  ...operation,
  witness: { incarnation: 0, serial: 0, ...operation.witness, version },
});

function withReturned(operations: readonly Operation[], choices: Choices, kinds: (operation: Operation) => boolean) {
  const target = pick(operations.filter(kinds), choices);
  if (target === undefined) return undefined;
  const value = pick(
    valuesAt(operations, target.location).filter((other) => other !== target.result),
    choices,
  );
  return value === undefined ? undefined : replaced(operations, target, { ...target, result: value });
}

/** Edits by what they do to a history. */
export const edits: Readonly<Record<string, Edit>> = {
  'a read returns another value of its location': (operations, choices) => withReturned(operations, choices, ({ kind }) => kind === 'read'),
  'a read-modify-write saw another value than it changed': (operations, choices) =>
    withReturned(operations, choices, ({ kind }) => kind !== 'read' && kind !== 'write'),
  'a write wrote another value': (operations, choices) => {
    const target = pick(operations.filter(writes), choices);
    return target && replaced(operations, target, { ...target, argument: Number(target.argument) + 1 + choices.below(3) });
  },
  'two writes exchange their versions': (operations, choices) => {
    const two = pair(operations, choices, (a, b) => writes(a) && writes(b) && a.location === b.location && versionOf(a) !== versionOf(b));
    return (
      two && replaced(replaced(operations, two[0], withVersion(two[0], versionOf(two[1]))), two[1], withVersion(two[1], versionOf(two[0])))
    );
  },
  'two accesses exchange their witnesses': (operations, choices) => {
    const two = pair(operations, choices, (a, b) => a.location === b.location);
    return swapped(operations, two, ({ witness }) => (witness === undefined ? {} : { witness }));
  },
  'a write has the version of another': (operations, choices) => {
    const two = pair(operations, choices, (a, b) => writes(a) && writes(b) && versionOf(a) !== versionOf(b));
    return two && replaced(operations, two[0], withVersion(two[0], versionOf(two[1])));
  },
  'a read has another version': (operations, choices) => {
    const target = pick(
      operations.filter(({ kind }) => kind === 'read'),
      choices,
    );
    return target && replaced(operations, target, withVersion(target, Math.max(0, versionOf(target) + choices.below(5) - 2)));
  },
  'a read saw an old copy of its page, and says so': (operations, choices) => {
    const target = pick(
      operations.filter((each) => each.kind === 'read' && versionOf(each) > 0),
      choices,
    );
    if (target === undefined) return undefined;
    const version = choices.below(versionOf(target));
    return replaced(operations, target, withVersion({ ...target, result: leftAt(operations, target.location, version) }, version));
  },
  'an operation was never recorded': (operations, choices) => {
    const target = pick(operations, choices);
    return operations.filter((operation) => operation !== target);
  },
  'an operation ended earlier': (operations, choices) => {
    const target = pick(operations, choices);
    return target && replaced(operations, target, { ...target, completed: target.invoked });
  },
  'an operation began later': (operations, choices) => {
    const target = pick(operations, choices);
    return target && replaced(operations, target, { ...target, invoked: target.completed ?? target.invoked });
  },
  'an operation ended before it began': (operations, choices) => {
    const target = pick(operations, choices);
    return target && replaced(operations, target, { ...target, completed: target.invoked - 1 });
  },
  'two neighbours of a process exchange their places': (operations, choices) => {
    const two = pair(operations, choices, (a, b) => {
      const own = operations.filter(({ process }) => process === a.process);
      return own.indexOf(b) === own.indexOf(a) + 1;
    });
    if (two === undefined) return undefined;
    const times = ({ invoked, completed = invoked }: Operation) => ({ invoked, completed });
    const [a, b] = two;
    const [early, late] = [
      { ...b, ...times(a) },
      { ...a, ...times(b) },
    ];
    return operations.map((operation) => (operation === a ? early : operation === b ? late : operation));
  },
};
