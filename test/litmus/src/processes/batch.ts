import { between, pick, type Random, randomStream } from '@pagewire/sim';
import type { Outcome, Program, Value } from '../program.js';
import type { Glance, IterationPlan, Observation } from '../target.js';
import { type Lane, type LaneReport, type OrderedStep, type PageTouch, pageBytes, type RunOrder, type Way } from './orders.js';

/** How fast a batch goes. */
export interface Pace {
  /** How long an access takes that waits for its page. */
  readonly accessUs: number;
  /** From the start of one iteration to the start of the next. */
  readonly apartUs: number;
}

/** Where one iteration finds its locations: bytes from the start of the region. */
type Offsets = readonly number[];

/** Where thread `thread` of iteration `iteration` is done. */
interface LanePlace {
  readonly node: number;
  /** Its place among the lanes of that node. */
  readonly at: number;
}

const ways: readonly Way[] = ['call', 'atomics', 'pinned'];
const wordsInPage = pageBytes / 4;

/** Several iterations that are run together in one region: what each node is told, and what its answers come to. */
export class Batch {
  readonly pageCount: number;
  readonly #program: Program;
  readonly #plans: readonly IterationPlan[];
  readonly #random: Random;
  readonly #offsets: readonly Offsets[];
  /** The first page of each iteration, as an index into pages in no order, so that no scan is seen in them. */
  readonly #pages: readonly number[];
  readonly #lanes: readonly (readonly LanePlace[])[];
  readonly #nodeCount: number;

  constructor(program: Program, plans: readonly IterationPlan[], nodeCount: number) {
    this.#program = program;
    this.#plans = plans;
    this.#nodeCount = nodeCount;
    this.#random = randomStream(plans[0]?.seed ?? 0, 'batch');
    this.pageCount = plans.length * program.layout.pageCount;
    this.#pages = shuffled(this.pageCount, this.#random);
    this.#offsets = plans.map((_, iteration) => this.#drawOffsets(iteration));
    const counts = Array.from({ length: nodeCount }, () => 0);
    this.#lanes = plans.map(({ nodes }) =>
      nodes.map((node) => {
        const at = counts[node] ?? 0;
        counts[node] = at + 1;
        return { node, at };
      }),
    );
  }

  /** The pages that a node touches before the batch begins. */
  touches(node: number): PageTouch[] {
    return this.#plans.flatMap(({ warmUps }, iteration) =>
      warmUps.filter((touch) => touch.node === node).map(({ page, right }) => ({ page: this.#page(iteration, page), right })),
    );
  }

  /** What each node is to do, beginning at `startsAtUs`. */
  orders(startsAtUs: number, pace: Pace, plainly: (node: number) => boolean): RunOrder[] {
    const orders = Array.from({ length: this.#nodeCount }, (_, node) => ({
      startsAtUs,
      lanes: [] as Lane[],
      plainly: plainly(node),
    }));
    const deaths = new Map<number, number>();
    for (const [iteration, { nodes, startsAt }] of this.#plans.entries()) {
      for (const [thread, node] of nodes.entries()) {
        const atUs = (startsAt[thread] ?? []).map((accesses) => iteration * pace.apartUs + accesses * pace.accessUs);
        orders[node]?.lanes.push(this.#lane(iteration, thread, atUs));
        if (this.#program.threads[thread]?.crashes === true) deaths.set(node, atUs.at(-1) ?? 0);
      }
    }
    // Behind the lanes of the threads, because nobody asks what came of these.
    for (const [iteration, { glances }] of this.#plans.entries()) {
      for (const glance of glances) orders[glance.node]?.lanes.push([this.#glance(iteration, glance, pace)]);
    }
    return orders.map((order, node) => {
      const diesAtUs = deaths.get(node);
      return diesAtUs === undefined ? order : { ...order, diesAtUs };
    });
  }

  /** Every location of every iteration. */
  get offsets(): readonly number[] {
    return this.#offsets.flat();
  }

  /** Makes outcomes of the lanes of each node, where it lived to tell, and of what was read of {@link offsets} at the end. */
  observations(reports: readonly (readonly LaneReport[] | undefined)[], finals: readonly (number | string)[]): Observation[] {
    const { locations } = this.#program;
    return this.#plans.map((_, iteration) => {
      const registers = this.#registers(iteration, reports);
      if ('spoiled' in registers) return registers;
      const values = finals.slice(iteration * locations.length, (iteration + 1) * locations.length);
      const failed = values.find((value) => typeof value === 'string' && value !== 'page-lost');
      if (failed !== undefined) return { spoiled: `reading a final value ended with ${failed}` };
      return { outcome: [...registers.outcome, ...values.map((value): Value => (typeof value === 'number' ? value : 'lost'))] };
    });
  }

  #registers(
    iteration: number,
    reports: readonly (readonly LaneReport[] | undefined)[],
  ): { readonly outcome: Outcome } | { readonly spoiled: string } {
    const outcome: Value[] = [];
    for (const [thread, { steps, crashes }] of this.#program.threads.entries()) {
      if (crashes) continue;
      const place = this.#lanes[iteration]?.[thread];
      const report = place === undefined ? undefined : reports[place.node]?.[place.at];
      if (report === undefined) return { spoiled: `the node of thread ${thread} ended` };
      if (report.end !== 'done' && report.end !== 'page-lost') return { spoiled: `an access of thread ${thread} ended with ${report.end}` };
      const heard = steps.filter(({ register }) => register !== undefined);
      outcome.push(...heard.map((_, index) => report.found[index] ?? 'lost'));
    }
    return { outcome };
  }

  #lane(iteration: number, thread: number, atUs: readonly number[]): OrderedStep[] {
    const steps = this.#program.threads[thread]?.steps ?? [];
    return steps.map(({ operation, location }, index) => ({
      operation,
      offset: this.#offsets[iteration]?.[location] ?? 0,
      notBeforeUs: atUs[index] ?? 0,
      way: pick(this.#random, ways),
    }));
  }

  #glance(iteration: number, { location, at }: Glance, { accessUs, apartUs }: Pace): OrderedStep {
    const operation = { kind: 'R', location: this.#program.locations[location] ?? '' } as const;
    const notBeforeUs = iteration * apartUs + at * accessUs;
    return { operation, offset: this.#offsets[iteration]?.[location] ?? 0, notBeforeUs, way: pick(this.#random, ways) };
  }

  #page(iteration: number, page: number): number {
    return this.#pages[iteration * this.#program.layout.pageCount + page] ?? 0;
  }

  /** Words of the locations' pages, no two the same. */
  #drawOffsets(iteration: number): number[] {
    const taken = new Set<number>();
    return this.#program.pages.map((page) => {
      for (;;) {
        const offset = this.#page(iteration, page) * pageBytes + 4 * between(this.#random, 0, wordsInPage - 1);
        if (taken.has(offset)) continue;
        taken.add(offset);
        return offset;
      }
    });
  }
}

/** The numbers from 0 to `count` - 1 in no order (Fisher and Yates). */
function shuffled(count: number, random: Random): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = between(random, 0, last);
    const [a, b] = [numbers[last] ?? 0, numbers[other] ?? 0];
    numbers[last] = b;
    numbers[other] = a;
  }
  return numbers;
}
