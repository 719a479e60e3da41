import { between, logUniform, pick, type Random } from '@pagewire/sim';
import { type Ending, randomInterleaving, type Turn } from './interleaving.js';
import { stores } from './litmus-test.js';
import type { Oracle } from './oracle.js';
import { outcomeKey, type Program, type ProgramThread } from './program.js';
import type { Glance, IterationPlan, WarmUp } from './target.js';

/** Random interleavings that are tried for a wanted outcome before the one from the enumeration is taken. */
const tries = 8;
/** How long a thread waits for another one to die, in accesses. */
const longestDelay = 60;

/**
 * Draws plans that make a program race. Half of them let all threads begin at about the same time. The other half follow an interleaving that
 * ends in one of the outcomes that were seen least, at a pace between much faster and slower than the memory: the fast ones are
 * overtaken by their own operations in all ways, the slow ones make sure that every outcome is given its chance.
 */
export class Planner {
  readonly #program: Program;
  readonly #random: Random;
  readonly #standingNodes: number;
  readonly #wanted: readonly (Ending & { readonly key: string })[];
  readonly #seen = new Map<string, number>();
  /** The outcomes that plans were made for. */
  readonly #aims = new WeakMap<IterationPlan, string>();
  /** How much slower than usual the slowest plans are: programs of many threads take longer to come to what they are made for. */
  #slowness = 1;

  constructor(oracle: Oracle, standingNodes: number, random: Random) {
    this.#program = oracle.program;
    this.#random = random;
    this.#standingNodes = standingNodes;
    this.#wanted = (oracle.outcomes ?? []).map((ending) => ({ key: outcomeKey(ending.outcome), ...ending }));
  }

  /** The iteration of a plan ended in this outcome. */
  note(plan: IterationPlan, key: string): void {
    this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1);
    const aim = this.#aims.get(plan);
    if (aim === undefined) return;
    // About two of five plans come to what they were made for.
    this.#slowness = Math.min(8, Math.max(1, this.#slowness * (aim === key ? 0.97 : 1.02)));
  }

  next(): IterationPlan {
    const aim = this.#random() < 0.5 ? undefined : this.#aim();
    const startsAt = aim === undefined ? this.#together() : this.#following(aim.witness);
    const nodes = this.#place();
    const seed = between(this.#random, 0, 2 ** 31 - 1);
    const plan = { seed, nodes, warmUps: this.#warmUps(nodes), glances: this.#glances(startsAt), startsAt: this.#lingering(startsAt) };
    if (aim !== undefined) this.#aims.set(plan, outcomeKey(aim.outcome));
    return plan;
  }

  /** Where nodes are killed, those that live on wait now and then, so that they meet what a node did before its death and what is left of it. */
  #lingering(startsAt: readonly (readonly number[])[]): readonly (readonly number[])[] {
    const { threads } = this.#program;
    if (!threads.some(({ crashes }) => crashes)) return startsAt;
    return startsAt.map((times, thread) => {
      if (threads[thread]?.crashes === true) return times;
      let late = 0;
      return times.map((at) => {
        if (this.#random() < 0.5) late += logUniform(this.#random, 0.5, longestDelay);
        return at + late;
      });
    });
  }

  /** All threads begin at about the same time; between two operations there is mostly no pause. */
  #together(): number[][] {
    return this.#program.threads.map((thread) => {
      let at = this.#random() < 0.3 ? 0 : logUniform(this.#random, 0.02, 4);
      return momentsOf(thread).map(() => {
        const begin = at;
        at += this.#random() < 0.6 ? 0 : logUniform(this.#random, 0.05, 3);
        return begin;
      });
    });
  }

  #following(turns: readonly Turn[]): number[][] {
    const startsAt: number[][] = this.#program.threads.map(() => []);
    const pace = logUniform(this.#random, 0.05, 3 * this.#slowness);
    let at = 0;
    for (const { thread } of turns) {
      startsAt[thread]?.push(at);
      at += pace * (0.5 + this.#random());
    }
    // A thread that dies early in the interleaving does the rest of its operations all the same.
    return this.#program.threads.map((thread, number) => momentsOf(thread).map((_, index) => startsAt[number]?.[index] ?? at));
  }

  /** An interleaving of one of the outcomes that were seen least. */
  #aim(): Ending {
    const draw = (): Ending => randomInterleaving(this.#program, (count) => between(this.#random, 0, count - 1));
    if (this.#wanted.length === 0) return draw();
    const least = Math.min(...this.#wanted.map(({ key }) => this.#seen.get(key) ?? 0));
    const wanted = pick(
      this.#random,
      this.#wanted.filter(({ key }) => (this.#seen.get(key) ?? 0) === least),
    );
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const drawn = draw();
      if (outcomeKey(drawn.outcome) === wanted.key) return drawn;
    }
    return wanted;
  }

  /** In some iterations pages go to a node that only looks, while the threads are at work. */
  #glances(startsAt: readonly (readonly number[])[]): Glance[] {
    if (this.#random() < 0.6) return [];
    const longest = 1 + Math.max(0, ...startsAt.flat());
    return Array.from({ length: between(this.#random, 1, 3) }, () => ({
      node: between(this.#random, 0, this.#standingNodes - 1),
      location: between(this.#random, 0, this.#program.locations.length - 1),
      at: this.#random() * longest,
    }));
  }

  /** Threads that crash have nodes of their own, behind the standing ones. */
  #place(): number[] {
    const standing = Array.from({ length: this.#standingNodes }, (_, node) => node);
    let crashing = this.#standingNodes;
    return this.#program.threads.map(({ crashes }) => {
      if (crashes) return crashing++;
      const at = between(this.#random, 0, standing.length - 1);
      return standing.splice(at, 1)[0] ?? 0;
    });
  }

  /** Each page is left untouched, given to one node exclusively, or given to several. */
  #warmUps(nodes: readonly number[]): WarmUp[] {
    const everyone = [...new Set([...nodes, ...Array.from({ length: this.#standingNodes }, (_, node) => node)])];
    return Array.from({ length: this.#program.layout.pageCount }, (_, page) => page).flatMap((page): WarmUp[] => {
      const kind = this.#random();
      if (kind < 0.25) return [];
      const owner = pick(
        this.#random,
        everyone.filter((node) => this.#mayOwn(nodes.indexOf(node), page)),
      );
      const exclusive: WarmUp = { node: owner, page, right: 'exclusive' };
      if (kind < 0.6) return [exclusive];
      const readers = everyone.filter(() => this.#random() < 0.5).map((node): WarmUp => ({ node, page, right: 'readonly' }));
      return kind < 0.8 ? [exclusive, ...readers] : readers;
    });
  }

  /** The oracle counts on it that a node that is killed never held a page exclusively that its thread does not store to. */
  #mayOwn(thread: number, page: number): boolean {
    const { crashes = false, steps = [] } = this.#program.threads[thread] ?? {};
    return !crashes || steps.some((step) => step.page === page && stores(step.operation));
  }
}

/** One for each operation of a thread, and one for its death. */
const momentsOf = ({ steps, crashes }: ProgramThread): readonly unknown[] => (crashes ? [...steps, 'death'] : steps);
