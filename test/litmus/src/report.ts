import { iterationsPerOutcome, type Judgement, type OutcomeCount } from './judge.js';
import { outcomeRecord, type Program, type Value } from './program.js';

/** What `--json` prints of one test in one layout. */
export interface TestReport {
  readonly name: string;
  readonly layout: string;
  readonly iterations: number;
  /** Outcomes that sequential consistency allows without the loss of a page (null: too many to count), and how many of them were seen. */
  readonly allowed: number | null;
  readonly seen: number;
  readonly outcomes: readonly {
    readonly outcome: Readonly<Record<string, Value>>;
    readonly count: number;
    readonly kind: OutcomeCount['kind'];
  }[];
  /** Iterations that ended in the outcome that the test forbids. */
  readonly forbidden: number;
  /** Iterations that ended in another outcome that no interleaving has. */
  readonly notAllowed: number;
  readonly spoiled: number;
  /** Whether enough of the allowed outcomes were seen; null where there were too few iterations to tell, or nodes are killed. */
  readonly raced: boolean | null;
  readonly verdict: Judgement['verdict'];
}

export function testReport({ program, outcomes, raced, ...judgement }: Judgement): TestReport {
  const { iterations, allowed, seen, forbidden, notAllowed, spoiled, verdict } = judgement;
  return {
    ...{ name: program.test.name, layout: program.layout.name, iterations, allowed: allowed ?? null, seen },
    outcomes: outcomes.map(({ outcome, count, kind }) => ({ outcome: outcomeRecord(program, outcome), count, kind })),
    ...{ forbidden, notAllowed, spoiled, raced: raced ?? null, verdict },
  };
}

const marks = { allowed: ' ', 'page-lost': ' ', forbidden: '!', 'not-allowed': '!' } as const;

/** Some lines for people: the verdict, and below it each outcome with its count. */
export function describeJudgement(judgement: Judgement, nameWidth: number): string {
  const { program, outcomes, iterations, seen, allowed } = judgement;
  const count = `${iterations}`.padStart(8);
  const head = `${program.test.name.padEnd(nameWidth)}  ${program.layout.name.padEnd(9)} ${count}  ${`${seen}/${allowed ?? '?'}`.padStart(7)}  ${verdictText(judgement)}`;
  const rows = outcomes.map(
    ({ outcome, count, kind }) => `${marks[kind]} ${`${count}`.padStart(nameWidth + 19)}  ${showOutcome(program, outcome)}${note(kind)}`,
  );
  return [head, ...rows].join('\n');
}

export const heading = (nameWidth: number): string =>
  `${'test'.padEnd(nameWidth)}  ${'layout'.padEnd(9)} iterations  seen/allowed`.replace(
    ' iterations  seen/allowed',
    'iterations  seen/of  verdict',
  );

const note = (kind: OutcomeCount['kind']): string => (kind === 'forbidden' ? '  FORBIDDEN' : kind === 'not-allowed' ? '  NOT ALLOWED' : '');

const showOutcome = ({ columns }: Program, outcome: readonly Value[]): string =>
  columns.map((column, index) => `${column}=${outcome[index]}`).join(' ');

function verdictText({ verdict, raced, spoiled, spoiledBy, seen, allowed, forbidden, notAllowed, program }: Judgement): string {
  const repeated = spoiled > 0 ? `; ${spoiled} iterations were spoiled, the last one because ${spoiledBy}` : '';
  switch (verdict) {
    case 'ok': {
      const crashes = program.threads.some((thread) => thread.crashes);
      const short =
        allowed === undefined ? 'too many outcomes to tell' : `fewer than ${iterationsPerOutcome * allowed} iterations do not tell`;
      const unclear = raced === undefined && !crashes ? ` (${short} whether it raced)` : '';
      return `ok${unclear}${repeated}`;
    }
    case 'forbidden':
      return `FORBIDDEN outcome, ${forbidden} times`;
    case 'not-allowed':
      return `outcome that no interleaving has, ${notAllowed} times`;
    case 'not-raced':
      return `has NOT RACED: ${seen} of ${allowed} outcomes seen, less than two thirds`;
    case 'spoiled':
      return `SPOILED${repeated}`;
  }
}
