import type { LogLine } from '@pagewire/coordinator';
import type { Directory } from '@pagewire/coordinator/parts';
import type { ChosenMemory, ClusterNode, RightsEnd } from '@pagewire/node/parts';
import { type HomeEffect, type HomeInput, pageId, pageIndex, type RegionId } from '@pagewire/protocol';
import { showError } from './errors-of-processes.js';
import { type Holder, PageGhosts } from './page-ghosts.js';
import { pageBytes } from './plan.js';
import type { RunLog } from './run-log.js';
import type { ClusterWatcher, NodeProcess } from './simulated-cluster.js';
import type { SimulatedProcess } from './simulated-process.js';
import { type WatchableHome, watchedDirectory } from './watched-directory.js';
import { watchedMemory } from './watched-memory.js';

/** Sees every step of the directory and every right of every memory, and compares them with the ghosts. */
export class ClusterWatch implements ClusterWatcher {
  readonly ghosts: PageGhosts;
  readonly #log: RunLog;
  readonly #isCalm: boolean;
  /** Lives of nodes that the home counts no more. */
  readonly #lost = new Set<number>();
  #home: WatchableHome | undefined;
  #region: RegionId | undefined;

  /** `isCalm` when nothing is ever wrong in the run: then nobody is fenced. */
  constructor(pages: number, log: RunLog, isCalm: boolean) {
    this.#log = log;
    this.#isCalm = isCalm;
    this.ghosts = new PageGhosts(pages, pageBytes, log.broken);
  }

  /** That life of the node has ended for the cluster. */
  isGone(node: ClusterNode, incarnation: number): boolean {
    return node.incarnation !== incarnation || this.#lost.has(incarnation);
  }

  directory(home: WatchableHome): Directory {
    this.#home = home;
    return watchedDirectory(home, (input, effects) => this.#stepped(input, effects));
  }

  memory(life: NodeProcess): ChosenMemory {
    const { name } = life.process;
    const holder = this.#holder(life);
    // What a dead process still does in the event that killed it is no matter.
    const alive = (): boolean => life.process.alive;
    return watchedMemory(life.product, {
      permitted: (page, right, bytes) => {
        if (!alive()) return;
        this.#log.trace(`${name} may use page ${page} ${right}`);
        this.ghosts.permitted(holder, page, right, bytes);
        this.#checkRecord(holder, page);
      },
      ended: (page, keeps, bytes) => {
        if (!alive()) return;
        this.#log.trace(`${name} keeps ${keeps} of page ${page}`);
        this.ghosts.ended(holder, page, keeps, bytes);
      },
      revokedAll: () => this.ghosts.fenced(holder),
      used: (page, bytes) => {
        if (alive()) this.ghosts.used(holder, page, bytes);
      },
    });
  }

  rightsEnded({ process }: NodeProcess, end: RightsEnd | undefined): void {
    if (!process.alive) return;
    this.#log.count(end === undefined ? 'left' : 'fenced');
    this.#log.trace(`${process.name} has no rights any more: ${end?.reason ?? 'it leaves'}`);
    if (end !== undefined && this.#isCalm)
      this.#log.broken({ kind: 'I6', what: `${process.name} is fenced, and nothing is wrong: ${end.reason} (I6)` });
    if (end?.bug !== undefined) this.#log.broken({ kind: 'bug', what: `${process.name}: ${showError(end.bug)}` });
    if (end?.reason.includes('broke the protocol') === true) this.#log.broken({ kind: 'violation', what: end.reason });
  }

  logged(line: LogLine): void {
    const { level, event, ...fields } = line;
    this.#log.trace(`coordinator: ${event} ${JSON.stringify(fields)}`);
    // A connection that broke before its handshake is refused by the same name; that is the network's doing.
    const isViolation = event === 'link-ended' && fields['code'] === 'protocol-violation';
    if (level === 'error' || isViolation) this.#log.broken({ kind: event, what: `the coordinator reports ${JSON.stringify(line)}` });
  }

  uncaught(process: SimulatedProcess, error: unknown): void {
    if (process.alive) this.#log.broken({ kind: 'uncaught', what: `${process.name} throws ${showError(error)}` });
  }

  warned(process: SimulatedProcess, warning: string): void {
    if (process.alive) this.#log.broken({ kind: 'bug', what: `${process.name} warns: ${warning}` });
  }

  tampered(process: SimulatedProcess): void {
    this.#log.broken({ kind: 'tampered', what: `${process.name} has changed bytes that it had sent and that nobody had confirmed` });
  }

  #stepped(input: HomeInput, effects: readonly HomeEffect[]): void {
    if (input.kind === 'region-created') this.#region = input.region;
    if (input.kind === 'member-lost') this.#lost.add(input.member);
    if (this.#log.tracing && input.kind !== 'tick') this.#log.trace(`home hears ${brief(input)}`);
    for (const effect of effects) {
      if (this.#log.tracing) this.#log.trace(`  home: ${brief(effect)}`);
      if (effect.kind === 'violation')
        this.#log.broken({ kind: 'violation', what: `the home accuses node ${effect.from}: ${effect.what}` });
      if (effect.kind !== 'lost') continue;
      this.#log.count('pages lost');
      this.ghosts.declaredLost(pageIndex(effect.page));
    }
  }

  /** I7: the home knows every holder. */
  #checkRecord(holder: Holder, page: number): void {
    if (this.#home === undefined || this.#region === undefined || holder.gone) return;
    const known = this.#home.holdersOf(pageId(this.#region, page));
    if (known.some((member) => member === holder.incarnation)) return;
    this.#log.broken({ kind: 'I7', what: `the home does not know that ${holder.name} holds page ${page} (I7)` });
  }

  #holder(life: NodeProcess): Holder {
    const lost = this.#lost;
    return {
      name: life.process.name,
      get incarnation() {
        return life.node?.incarnation ?? 0;
      },
      get gone() {
        return !life.process.alive || lost.has(this.incarnation);
      },
    };
  }
}

const brief = (what: HomeInput | HomeEffect): string =>
  JSON.stringify(what, (_key, value: unknown) => (value instanceof Uint8Array ? `${value.length} bytes` : value));
