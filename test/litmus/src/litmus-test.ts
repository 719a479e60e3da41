/** What one thread does, in program order. `R`, `XCHG`, `ADD` and `CAS` answer with the value before them, which fills the thread's next register. */
export type Operation =
  | { readonly kind: 'W'; readonly location: string; readonly value: number }
  | { readonly kind: 'R'; readonly location: string }
  | { readonly kind: 'XCHG'; readonly location: string; readonly value: number }
  | { readonly kind: 'ADD'; readonly location: string; readonly value: number }
  | { readonly kind: 'CAS'; readonly location: string; readonly expected: number; readonly value: number };

export interface Thread {
  /** What comes before `CRASH`, or all of it. */
  readonly operations: readonly Operation[];
  /** The thread's node is killed when it has done its operations. */
  readonly crashes: boolean;
}

/** A small program and an outcome that sequential consistency forbids. All values are int32, and all locations start at 0. */
export interface LitmusTest {
  readonly name: string;
  readonly threads: readonly Thread[];
  /** Registers (`1.r0`) and final values (`x`) that must never be seen all together. */
  readonly forbidden: ReadonlyMap<string, number>;
  /** Which locations share a page, if the test says so: the page's name for each location. */
  readonly pages: ReadonlyMap<string, string> | undefined;
  /** How many outcomes sequential consistency allows, by the author's count. */
  readonly scOutcomes: number | undefined;
}

/** The locations that the threads of a test name, in the order in which they come up. */
export function locationsOf(test: LitmusTest): readonly string[] {
  return [...new Set(test.threads.flatMap(({ operations }) => operations.map(({ location }) => location)))];
}

export const fillsRegister = ({ kind }: Operation): boolean => kind !== 'W';
export const stores = ({ kind }: Operation): boolean => kind !== 'R';

/** The value of a location after an operation that found `before` there. */
export function valueAfter(operation: Operation, before: number): number {
  switch (operation.kind) {
    case 'R':
      return before;
    case 'W':
    case 'XCHG':
      return operation.value;
    case 'ADD':
      return (before + operation.value) | 0;
    case 'CAS':
      return before === operation.expected ? operation.value : before;
  }
}

/** `R x`, `CAS x 0 1`: an operation as people write it. */
export function showOperation(operation: Operation): string {
  const { kind, location } = operation;
  if (kind === 'R') return `R ${location}`;
  return kind === 'CAS' ? `CAS ${location} ${operation.expected} ${operation.value}` : `${kind} ${location} ${operation.value}`;
}
