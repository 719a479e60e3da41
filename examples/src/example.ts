import type { Job } from './job.js';
import { completed, measure } from './measure.js';
import type { Outcome, Verdict } from './outcome.js';
import type { Picture } from './picture.js';
import type { Team } from './team/team.js';

/** A whole number above 0 that a run is given on its command line. */
export interface Setting {
  readonly about: string;
  readonly usual: number;
  /** With `--quick`. */
  readonly quick: number;
  /** What memory, or a format, has room for. */
  readonly most?: number;
}

/**
 * One program, written twice: by itself, and for a team over shared memory. The serial version is the specification that the other one is
 * checked against, and the time it is compared with.
 */
export interface Program<Name extends string, Plan, Result> {
  readonly name: string;
  readonly about: string;
  readonly settings: Readonly<Record<Name, Setting>>;
  /** What times say: `speed-up` compares them; `none` where a serial run does not do the same work. */
  readonly compares: 'speed-up' | 'none';
  /** Throws a RangeError that says what is wrong with settings that `prepare` could not work with. Called before anything is started. */
  check?(settings: Readonly<Record<Name, number>>, members: number): void;
  /** Everything that is settled before the clock runs, the same at every member: input, sizes, layout. */
  prepare(settings: Readonly<Record<Name, number>>, members: number): Promise<Plan>;
  /** Gets ready to run alone, on private memory, with the input in place. */
  serial(plan: Plan): Serial<Result>;
  /** Asks for the shared memory; once for all repetitions. */
  open(plan: Plan, team: Team): Promise<Opened<Result>>;
  compare(plan: Plan, expected: Result, actual: Result): Verdict;
  show(plan: Plan, result: Result): readonly string[];
  picture?(plan: Plan, result: Result): Picture;
}

/** A run without a team. */
export interface Serial<Result> {
  /** All of the work. Timed. */
  compute(): void;
  /** Not timed. */
  collect(): Result;
}

/** One member's hold on the shared memory of a program. */
export interface Opened<Result> {
  /** Puts this member's part of the input into shared memory, as if no repetition had been before. Not timed. */
  place(): void;
  /** This member's part of the work. Timed, from the moment all start to the moment all have ended. */
  compute(): Promise<void>;
  /** The result, copied out of shared memory. Not timed; at member 0. */
  collect(): Result;
}

/** A program whose types are its own business. */
export interface Example {
  readonly name: string;
  readonly about: string;
  readonly settings: Readonly<Record<string, Setting>>;
  readonly compares: 'speed-up' | 'none';
  readonly hasPicture: boolean;
  /** Throws a RangeError where the program cannot work with these settings and so many members. */
  check(settings: Readonly<Record<string, number>>, members: number): void;
  /** This member's part in a job; the outcome at member 0. */
  run(team: Team, job: Job): Promise<Outcome | undefined>;
}

export function defineExample<Name extends string, Plan, Result>(program: Program<Name, Plan, Result>): Example {
  const { name, about, settings, compares } = program;
  return {
    name,
    about,
    settings,
    compares,
    hasPicture: program.picture !== undefined,
    check: (given, members) => program.check?.(completed(program, given), members),
    run: (team, job) => measure(program, team, job),
  };
}
