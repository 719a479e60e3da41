import { stores, valueAfter } from './litmus-test.js';
import type { Outcome, Program, Value } from './program.js';

/** Whose turn it is: a thread does its next operation, or dies. */
export interface Turn {
  readonly thread: number;
  readonly dies: boolean;
}

/** An outcome, and an order of all operations that ends in it. */
export interface Ending {
  readonly outcome: Outcome;
  readonly witness: readonly Turn[];
}

/** What the threads and the memory are in the middle of an interleaving. */
export interface State {
  /** Operations done by each thread. */
  readonly done: readonly number[];
  /** Threads that died, or that stopped at a lost page. */
  readonly ended: readonly boolean[];
  readonly memory: readonly number[];
  /** `lost` until they are filled. */
  readonly registers: readonly Value[];
  readonly lostPages: readonly number[];
  readonly from: State | undefined;
  readonly turn: Turn | undefined;
}

/** Draws one interleaving, in which nobody dies before its time and no page is lost. */
export function randomInterleaving(program: Program, choose: (count: number) => number): Ending {
  let state = firstState(program);
  for (;;) {
    const ready = program.threads.flatMap((_, thread) => (mayGoOn(program, state, thread) ? [thread] : []));
    if (ready.length === 0) break;
    const thread = ready[choose(ready.length)] ?? 0;
    const done = state.done[thread] ?? 0;
    const { steps = [] } = program.threads[thread] ?? {};
    state = done < steps.length ? afterStep(program, state, thread) : afterDeath(state, thread, []);
  }
  return endingOf(program, state);
}

export function firstState({ threads, locations, registerCount }: Program): State {
  return {
    done: threads.map(() => 0),
    ended: threads.map(() => false),
    memory: locations.map(() => 0),
    registers: Array.from({ length: registerCount }, () => 'lost' as const),
    lostPages: [],
    from: undefined,
    turn: undefined,
  };
}

/** Whether a thread has an operation left, or its death. */
function mayGoOn({ threads }: Program, { done, ended }: State, thread: number): boolean {
  const { steps = [], crashes = false } = threads[thread] ?? {};
  return ended[thread] !== true && ((done[thread] ?? 0) < steps.length || crashes);
}

/** The states after one more turn; none when every thread has come to its end. */
export function successors(program: Program, state: State): State[] {
  return program.threads.flatMap(({ steps, crashes }, thread) => {
    if (!mayGoOn(program, state, thread)) return [];
    const next = (state.done[thread] ?? 0) < steps.length ? [afterStep(program, state, thread)] : [];
    const deaths = crashes ? subsets(pagesOf(program, thread)).map((lost) => afterDeath(state, thread, lost)) : [];
    return [...next, ...deaths];
  });
}

function afterStep({ threads }: Program, state: State, thread: number): State {
  const done = state.done[thread] ?? 0;
  const step = threads[thread]?.steps[done];
  if (step === undefined) throw new Error(`thread ${thread} has no operation ${done}`);
  const from = { from: state, turn: { thread, dies: false } };
  if (state.lostPages.includes(step.page)) return { ...state, ...from, ended: state.ended.with(thread, true) };
  const before = state.memory[step.location] ?? 0;
  return {
    ...state,
    ...from,
    done: state.done.with(thread, done + 1),
    memory: state.memory.with(step.location, valueAfter(step.operation, before)),
    registers: step.register === undefined ? state.registers : state.registers.with(step.register, before),
  };
}

function afterDeath(state: State, thread: number, lost: readonly number[]): State {
  const lostPages = [...new Set([...state.lostPages, ...lost])].toSorted((a, b) => a - b);
  return { ...state, ended: state.ended.with(thread, true), lostPages, from: state, turn: { thread, dies: true } };
}

/** The pages that a thread's node may hold exclusively. */
function pagesOf({ threads }: Program, thread: number): readonly number[] {
  return [...new Set(threads[thread]?.steps.filter(({ operation }) => stores(operation)).map(({ page }) => page))];
}

function subsets([first, ...rest]: readonly number[]): number[][] {
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((subset) => [subset, [first, ...subset]]);
}

/** What a state in which every thread has come to its end amounts to. */
export function endingOf({ pages }: Program, state: State): Ending {
  const finals = state.memory.map((value, location): Value => (state.lostPages.includes(pages[location] ?? -1) ? 'lost' : value));
  const witness: Turn[] = [];
  for (let at: State | undefined = state; at?.turn !== undefined; at = at.from) witness.unshift(at.turn);
  return { outcome: [...state.registers, ...finals], witness };
}
