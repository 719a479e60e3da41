import type { Layout } from './layout.js';
import { fillsRegister, type LitmusTest, locationsOf, type Operation } from './litmus-test.js';

/** One operation with numbers for names. */
export interface Step {
  readonly operation: Operation;
  /** Index into `Program.locations`. */
  readonly location: number;
  readonly page: number;
  /** Index into an outcome, for the value before the operation; undefined where nobody hears of it. */
  readonly register: number | undefined;
}

export interface ProgramThread {
  readonly steps: readonly Step[];
  readonly crashes: boolean;
}

/** What a register or a location has in the end. `lost`: the access to its page failed with `page-lost`, or was never made because an earlier one had. */
export type Value = number | 'lost';

/** The values of `Program.columns`, in that order. */
export type Outcome = readonly Value[];

/** A test in one layout, ready to be run or enumerated. */
export interface Program {
  readonly test: LitmusTest;
  readonly layout: Layout;
  readonly locations: readonly string[];
  /** The page of each location. */
  readonly pages: readonly number[];
  readonly threads: readonly ProgramThread[];
  /**
   * What an outcome says: the registers of the threads that live on, thread by thread, and then the final value of each location. What a
   * killed node had in its registers died with it.
   */
  readonly columns: readonly string[];
  readonly registerCount: number;
}

export function programOf(test: LitmusTest, layout: Layout): Program {
  const locations = locationsOf(test);
  const registers: string[] = [];
  const threads = test.threads.map(({ operations, crashes }, number) => {
    let filled = 0;
    const steps = operations.map((operation) => {
      const page = layout.pageOf.get(operation.location) ?? 0;
      const heard = fillsRegister(operation) && !crashes;
      const register = heard ? registers.push(`${number}.r${filled++}`) - 1 : undefined;
      return { operation, location: locations.indexOf(operation.location), page, register };
    });
    return { steps, crashes };
  });
  return {
    test,
    layout,
    locations,
    pages: locations.map((location) => layout.pageOf.get(location) ?? 0),
    threads,
    columns: [...registers, ...locations],
    registerCount: registers.length,
  };
}

/** Equal for equal outcomes of one program. */
export const outcomeKey = (outcome: Outcome): string => outcome.join(' ');

export const isLossless = (outcome: Outcome): boolean => !outcome.includes('lost');

/** Whether an outcome is the one that the test names as forbidden. What a killed node had in its registers is never seen. */
export function isForbidden({ test, columns }: Program, outcome: Outcome): boolean {
  return [...test.forbidden].every(([name, value]) => outcome[columns.indexOf(name)] === value);
}

export function outcomeRecord({ columns }: Program, outcome: Outcome): Record<string, Value> {
  return Object.fromEntries(columns.map((column, index) => [column, outcome[index] ?? 'lost']));
}
