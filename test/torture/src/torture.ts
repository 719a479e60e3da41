import { setTimeout as sleep } from 'node:timers/promises';
import { Campaign, vacuous } from './campaign.js';
import { TortureCluster } from './cluster/torture-cluster.js';
import { describeFault, type PlannedFault } from './faults.js';
import { Findings } from './findings.js';
import { type Compared, leaksOf, mostOf } from './leaks/leak-check.js';
import { type ProcessFigures, processFigures } from './leaks/process-figures.js';
import { allListeningPorts } from './leaks/sockets.js';
import { Lives } from './lives.js';
import { MappedTeam } from './load/mapped-team.js';
import { Rounds } from './load/rounds.js';
import { Standing } from './load/standing.js';
import type { Log } from './log.js';
import type { Battlefield } from './nemeses/nemesis.js';
import type { Network } from './network/network.js';
import type { TortureOptions } from './options.js';
import { operationSum, type TortureReport } from './report.js';
import { Samples } from './samples.js';
import { coordinatorName, drawSchedule } from './schedule.js';

/** What a run needs from its surroundings. */
export interface TortureSettings {
  readonly options: TortureOptions;
  readonly network: Network;
  readonly networkReason: string;
  readonly nodes: readonly string[];
  readonly programs: readonly string[];
  readonly log: Log;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

const warmUpMs = 4000;
const quietMs = 1500;
/** How long after the last fault everything may take. */
const healMs = 30_000;
const loadsEndMs = 150_000;
const verifyMs = 60_000;
/** How long processes may take to come to rest before what they hold counts as leaked. */
const settleMs = 15_000;
const progressMs = 500;

/** One run: a cluster under load, faults, healing, verification, and a look at what the processes hold. */
export class Torture {
  readonly #settings: TortureSettings;
  readonly #cluster: TortureCluster;
  readonly #findings: Findings;
  readonly #samples = new Samples();
  readonly #lives: Lives;
  readonly #rounds: Rounds;
  readonly #standing: Standing;
  readonly #team: MappedTeam;
  readonly #startMs = performance.now();
  #baseline = new Map<string, ProcessFigures>();
  #compared: Compared[] = [];
  #schedule: readonly PlannedFault[] = [];
  #campaign: Campaign | undefined;
  #finalReads = 0;

  constructor(settings: TortureSettings) {
    this.#settings = settings;
    const { options, network, nodes, programs, log } = settings;
    const { leaseMs, memory, transport, logs, seed } = options;
    const say = (text: string): void => log.say(text);
    const cluster = new TortureCluster({ nodes, programs, leaseMs, memory, transport, logs }, network);
    this.#cluster = cluster;
    const findings = new Findings((text) => say(`WRONG: ${text}`));
    this.#findings = findings;
    const samples = this.#samples;
    this.#lives = new Lives(cluster);
    const nodeUrls = nodes.map((name) => cluster.urlOf(name));
    this.#rounds = new Rounds({ targets: nodeUrls, findings, seed });
    const aftermathMs = 8000 + 3 * leaseMs;
    this.#standing = new Standing({
      nodes: nodes.map((name) => ({ name, url: cluster.urlOf(name) })),
      seed,
      aftermathMs,
      findings,
      samples,
    });
    this.#team = new MappedTeam({ cluster, nodeUrls, seed, findings, samples, say });
  }

  async run(): Promise<TortureReport> {
    const { signal, log } = this.#settings;
    const progress = setInterval(() => this.#tick(), progressMs);
    try {
      await this.#start();
      if (!signal.aborted) await this.#suffer();
      if (!signal.aborted) await this.#check();
      log.say('shutting down');
      await this.#shutDown();
    } catch (error) {
      this.#findings.add(`the run broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      this.#cluster.kill();
    } finally {
      clearInterval(progress);
      log.live('');
      await this.#settings.network.close();
    }
    this.#checkPorts();
    return this.#report();
  }

  async #start(): Promise<void> {
    const { log, nodes, programs, signal } = this.#settings;
    await this.#cluster.startCoordinator();
    await Promise.all([...nodes, ...programs].map((name) => this.#cluster.start(name)));
    log.say(`${nodes.length} nodes and ${programs.length} mapped programs are live; warming up`);
    this.#lives.start();
    await this.#standing.start();
    this.#team.start();
    await this.#rounds.run(performance.now() + warmUpMs, signal);
    await sleep(quietMs);
    this.#baseline = this.#figures();
  }

  async #suffer(): Promise<void> {
    const { options, log, nodes, programs, signal, network } = this.#settings;
    const leftMs = this.#startMs + options.minutes * 60_000 - performance.now();
    const kinds = options.kinds.filter((kind) => !network.without.includes(kind));
    this.#schedule = drawSchedule({
      seed: options.seed,
      durationMs: scheduleMs(options.minutes),
      leaseMs: options.leaseMs,
      kinds,
      nodes,
      programs,
    });
    log.say(`schedule of seed ${options.seed}: ${this.#schedule.length} faults`);
    for (const fault of this.#schedule) log.say(`  #${fault.number} at ${fault.atMs} ms ${fault.kind}: ${describeFault(fault)}`);
    this.#campaign = new Campaign(this.#schedule, this.#field(), (text) => log.say(text));
    const loads = this.#rounds.run(performance.now() + Math.max(leftMs, scheduleMs(options.minutes)), signal);
    await this.#campaign.run(signal);
    await network.heal();
    log.say('all healed');
    await this.#bounded('every node and program is a live member again', healMs + 5000, this.#cluster.untilLive(healMs));
    this.#rounds.healed();
    await this.#bounded('every operation of the workloads has ended', loadsEndMs, loads);
    await this.#bounded('every operation of the standing load has ended', healMs, this.#standing.stop());
    await this.#bounded('every batch of the mapped programs has ended', loadsEndMs, this.#team.stop());
  }

  async #check(): Promise<void> {
    const { log } = this.#settings;
    log.say('verifying every location through every node and program');
    await this.#bounded('everything could be read', verifyMs, this.#verify());
    await this.#lives.stop();
    log.say('looking for leaks');
    await sleep(quietMs);
    const deadline = performance.now() + settleMs;
    let leaks = this.#compare();
    while (leaks.length > 0 && performance.now() < deadline) {
      await sleep(500);
      leaks = this.#compare();
    }
    for (const leak of leaks) this.#findings.add(leak);
    const { pagesLost, rejoins } = this.#lives;
    if (pagesLost > 0 && rejoins === 0) this.#findings.add(`${pagesLost} pages were lost, although every member lives its first life`);
    if (this.#campaign !== undefined) for (const problem of vacuous(this.#campaign.sums())) this.#findings.add(`vacuous: ${problem}`);
  }

  async #verify(): Promise<void> {
    this.#finalReads += await this.#standing.verify();
    if (this.#settings.programs.length > 0) this.#finalReads += await this.#team.verify();
  }

  async #shutDown(): Promise<void> {
    const { signal } = this.#settings;
    this.#team.dismiss();
    await this.#lives.stop();
    await this.#standing.close();
    const pids = this.#cluster.members.flatMap((name) => this.#cluster.pidOf(name) ?? []);
    const problems = await this.#cluster.stop();
    if (!signal.aborted) for (const problem of problems) this.#findings.add(problem);
    for (const pid of pids) if (processFigures(pid) !== undefined) this.#findings.add(`process ${pid} is left after the shutdown`);
  }

  /** On loopback; in namespaces nobody but their own processes could listen. */
  #checkPorts(): void {
    const { network } = this.#settings;
    if (network.kind !== 'proxy') return;
    const used = this.#cluster.members.flatMap((name) => {
      const { port, advertise } = network.seat(name);
      return [port, Number(advertise.split(':').at(-1))];
    });
    for (const port of allListeningPorts()) if (used.includes(port)) this.#findings.add(`port ${port} is still listened on`);
  }

  #field(): Battlefield {
    const usedRegion = () => this.#standing.used;
    return {
      ...{ cluster: this.#cluster, network: this.#settings.network, samples: this.#samples, lives: this.#lives },
      ...{ findings: this.#findings, usedRegion },
    };
  }

  #figures(): Map<string, ProcessFigures> {
    const entries = this.#cluster.members.flatMap((name): readonly (readonly [string, ProcessFigures])[] => {
      const pid = this.#cluster.pidOf(name);
      const figures = pid === undefined ? undefined : processFigures(pid);
      return figures === undefined ? [] : [[name, figures]];
    });
    return new Map(entries);
  }

  /** Each process against what one of its kind had: it may have been started again since. */
  #compare(): readonly string[] {
    const now = this.#figures();
    const role = (name: string): string => this.#cluster.roleOf(name);
    this.#compared = [...now].map(([name, after]) => {
      const kin = [...this.#baseline].filter(([other]) => role(other) === role(name)).map(([, figures]) => figures);
      return { name, before: mostOf(kin), after };
    });
    return this.#compared.flatMap((one) => leaksOf(one, this.#cluster.members.length));
  }

  async #bounded(what: string, ms: number, work: Promise<unknown>): Promise<void> {
    const { signal } = this.#settings;
    const over = new AbortController();
    const late = sleep(ms, 'late', { signal: AbortSignal.any([over.signal, signal]) }).catch(() => 'stopped');
    const end = await Promise.race([work.then(() => 'done'), late]).finally(() => over.abort());
    if (end === 'late') throw new Error(`waited ${ms} ms until ${what}`);
    // A run that is stopped waits for nothing; what still goes on ends with its processes.
    if (end === 'stopped') work.catch(() => {});
  }

  #tick(): void {
    const { log, options } = this.#settings;
    const seconds = Math.round((performance.now() - this.#startMs) / 1000);
    const acked = this.#rounds.tallies.acknowledged + this.#standing.tallies.acknowledged + this.#team.tallies.acknowledged;
    const doing = this.#campaign?.current || 'quiet';
    log.live(
      `${seconds} of ${Math.round(options.minutes * 60)} s | ${acked} acknowledged | ${this.#lives.rejoins} rejoins | ${this.#lives.pagesLost} pages lost | ${doing}`,
    );
  }

  #report(): TortureReport {
    const { options, network, networkReason, nodes, programs, signal } = this.#settings;
    const { minutes, seed, transport, memory, leaseMs } = options;
    const sums = this.#rounds.sums;
    const ended = this.#team.ends.failures;
    const checks = [...sums.values()].reduce((sum, one) => sum + one.checks, 0);
    const none = operationSum(this.#team.tallies);
    const faults = this.#campaign?.sums();
    const missing = options.kinds.filter((kind) => (faults?.get(kind)?.injected ?? 0) === 0);
    return {
      ok: this.#findings.count === 0 && !signal.aborted && this.#finalReads > 0,
      ...{ seed, minutes, transport, memory, leaseMs, networkReason, network: network.kind },
      ...{ nodes: nodes.length, programs: programs.length, aborted: signal.aborted },
      seconds: (performance.now() - this.#startMs) / 1000,
      operations: { workloads: operationSum(this.#rounds.tallies), standing: operationSum(this.#standing.tallies), mapped: none },
      workloads: Object.fromEntries(sums),
      faults: Object.fromEntries(faults ?? []),
      schedule: this.#schedule,
      pagesLost: this.#lives.pagesLost,
      rejoins: this.#lives.rejoins,
      programEnds: ended,
      mappedRegions: this.#team.regions,
      standingLocations: { used: this.#standing.locations, lost: this.#standing.lost },
      checks,
      finalReads: this.#finalReads,
      processes: this.#compared,
      findings: [...this.#findings.described],
      notes: missing.length > 0 ? [`not injected, for lack of time, of a target, or of a network that can: ${missing.join(', ')}`] : [],
    };
  }
}

/** How long the faults of a run last: what is left of its minutes after the warm-up. */
export const scheduleMs = (minutes: number): number => Math.max(8000, minutes * 60_000 - warmUpMs - 6000);

export const memberNames = (nodes: number, programs: number) => ({
  nodes: Array.from({ length: nodes }, (_, index) => `n${index + 1}`),
  programs: Array.from({ length: programs }, (_, index) => `m${index + 1}`),
  all: [
    coordinatorName,
    ...Array.from({ length: nodes }, (_, i) => `n${i + 1}`),
    ...Array.from({ length: programs }, (_, i) => `m${i + 1}`),
  ],
});
