import { randomStream } from '@pagewire/sim';
import { fillsRegister, type Operation } from '../src/litmus-test.js';
import type { Program, ProgramThread, Step, Value } from '../src/program.js';
import type { IterationPlan, LitmusTarget, Observation } from '../src/target.js';
import type { Draw, Memory } from './broken-memories.js';

export interface MemoryTargetOptions {
  /** Operations on different locations are done in any order. */
  readonly reorders?: boolean;
  /** A read-modify-write is a load and, some time later, a store. */
  readonly splits?: boolean;
}

const isAtomic = ({ kind }: Operation): boolean => kind !== 'R' && kind !== 'W';

/** A memory in this process, on which the operations of a program are done in an order that is drawn. */
export class MemoryTarget implements LitmusTarget {
  readonly name = 'memory';
  readonly standingNodes = 4;
  readonly crashShare = 1;

  constructor(
    readonly memory: new (program: Program, draw: Draw) => Memory,
    readonly options: MemoryTargetOptions = {},
  ) {}

  batchSize(): number {
    return 100;
  }

  async run(program: Program, plans: readonly IterationPlan[]): Promise<readonly Observation[]> {
    return plans.map(({ seed }) => {
      const random = randomStream(seed, 'memory');
      const draw: Draw = (count) => Math.floor(random() * count);
      return { outcome: this.#play(program, new this.memory(program, draw), draw) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #play(program: Program, memory: Memory, draw: Draw): Value[] {
    const outcome: Value[] = Array.from({ length: program.registerCount }, () => 'lost');
    const left = program.threads.map(({ steps, crashes }) => ({ steps: [...steps], crashes }));
    const halves: (() => void)[] = [];
    const perform = (thread: number, step: Step): void => {
      if (this.options.splits === true && isAtomic(step.operation)) {
        const before = memory.perform(thread, { ...step, operation: { kind: 'R', location: step.operation.location } });
        note(step, before);
        halves.push(() => void memory.perform(thread, { ...step, operation: storeOf(step.operation, before) }));
      } else {
        note(step, memory.perform(thread, step));
      }
    };
    const note = ({ register, operation }: Step, before: number): void => {
      if (register !== undefined && fillsRegister(operation)) outcome[register] = before;
    };
    for (;;) {
      const steps = left.flatMap(({ steps }, thread) =>
        this.#ready(steps).map((step) => () => {
          steps.splice(steps.indexOf(step), 1);
          perform(thread, step);
        }),
      );
      const deaths = left.flatMap((thread, number) =>
        thread.steps.length === 0 && thread.crashes ? [() => this.#kill(thread, number, memory)] : [],
      );
      const stores = halves.map((half) => () => {
        halves.splice(halves.indexOf(half), 1);
        half();
      });
      const own = [...steps, ...deaths, ...stores];
      const background = memory.actions();
      if (own.length === 0 && (background.length === 0 || draw(20) === 0)) break;
      const choices = own.length === 0 || (background.length > 0 && draw(2) === 0) ? background : own;
      choices[draw(choices.length)]?.();
    }
    this.#comeToRest(memory);
    return [...outcome, ...program.locations.map((_, location) => memory.final(location))];
  }

  /** What is under way arrives; copies that are made for their own sake could go on for ever. */
  #comeToRest(memory: Memory): void {
    for (let left = 50; left > 0; left -= 1) memory.actions()[0]?.();
  }

  #kill(thread: { crashes: boolean }, number: number, memory: Memory): void {
    thread.crashes = false;
    memory.crash(number);
  }

  #ready(steps: ProgramThread['steps']): readonly Step[] {
    if (this.options.reorders !== true) return steps.slice(0, 1);
    return steps.filter((step, at) =>
      steps
        .slice(0, at)
        .every((earlier) => earlier.location !== step.location && !isAtomic(earlier.operation) && !isAtomic(step.operation)),
    );
  }
}

/** The second half of a read-modify-write that found `before`. */
function storeOf(operation: Operation, before: number): Operation {
  const { location } = operation;
  if (operation.kind === 'ADD') return { kind: 'W', location, value: (before + operation.value) | 0 };
  if (operation.kind === 'CAS' && before !== operation.expected) return { kind: 'R', location };
  return { kind: 'W', location, value: operation.kind === 'R' ? before : operation.value };
}
