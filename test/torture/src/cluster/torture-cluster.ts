import { appendFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { requestStatus } from '@pagewire/client';
import type { JoinOptions } from '@pagewire/node';
import { Managed, until } from '@pagewire/test';
import type { Network } from '../network/network.js';
import { coordinatorName } from '../schedule.js';
import { MappedProgram } from './mapped-program.js';

export interface ClusterSettings {
  readonly nodes: readonly string[];
  readonly programs: readonly string[];
  readonly leaseMs: number;
  readonly memory: 'auto' | 'mapped' | 'software';
  readonly transport: 'ws' | 'grpc' | 'both';
  /** A folder for what processes say; undefined: it is forgotten. */
  readonly logs: string | undefined;
}

export type Role = 'coordinator' | 'node' | 'program';

/** A live member as the coordinator tells. */
interface MemberStatus {
  readonly name: string;
  readonly incarnation: number;
  readonly state: string;
}
export interface StatusSeen {
  readonly nodes: readonly MemberStatus[];
  readonly pagesLost: number;
}

/** How long a process may take to be ready: a name whose lease still holds is waited for. */
const readyMs = 40_000;
const startAgainMs = 60_000;

/** The processes of a run: one coordinator, nodes, and mapped programs. Each of them can end at any time and be started again. */
export class TortureCluster {
  readonly #processes = new Map<string, Managed | MappedProgram>();
  readonly #ready = new Set<Managed | MappedProgram>();
  /** Members that the nemesis is at: they are not started before it lets go. */
  readonly #held = new Map<string, number>();

  constructor(
    readonly settings: ClusterSettings,
    readonly network: Network,
  ) {}

  get members(): readonly string[] {
    return [coordinatorName, ...this.settings.nodes, ...this.settings.programs];
  }

  roleOf(name: string): Role {
    if (name === coordinatorName) return 'coordinator';
    return this.settings.nodes.includes(name) ? 'node' : 'program';
  }

  /** Where clients reach a node: through its proxy. */
  urlOf(name: string): string {
    return `${this.#schemeOf(name)}://${this.network.seat(name).advertise}`;
  }

  /** Its own port, past the proxy. */
  addressOf(name: string): { readonly host: string; readonly port: number; readonly url: string } {
    const { host, port } = this.network.seat(name);
    return { host, port, url: `${this.#schemeOf(name)}://${host}:${port}` };
  }

  /** The pid of a member that runs and has joined. */
  pidOf(name: string): number | undefined {
    const process = this.#processes.get(name);
    return process === undefined || isOver(process) || !this.#ready.has(process) ? undefined : process.pid;
  }

  program(name: string): MappedProgram | undefined {
    const process = this.#processes.get(name);
    return process instanceof MappedProgram ? process : undefined;
  }

  async startCoordinator(): Promise<void> {
    const { host, port, within } = this.network.seat(coordinatorName);
    const listen = ['--listen', `${host}:${port}`, ...this.#insecure()];
    const args = ['coordinator', ...listen, '--lease', `${this.settings.leaseMs}ms`, '--json'];
    await this.#started(coordinatorName, Managed.start(args, process.env, within));
  }

  /** Starts a member as who looks after it would: again and again, if other faults keep it from joining. Fails after a bounded time. */
  async startAgain(name: string): Promise<void> {
    const end = performance.now() + startAgainMs;
    for (;;) {
      try {
        return await this.start(name);
      } catch (error) {
        if (performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  /** Starts a node or a program and waits until it is a member. Its end in between is an error. */
  async start(name: string): Promise<void> {
    const { host, port, advertise, within, number } = this.network.seat(name);
    const coordinator = `${this.#schemeOf(name)}://${this.network.seat(coordinatorName).advertise}`;
    const { transport, memory } = this.settings;
    if (this.roleOf(name) === 'program') {
      // A program listens on a port of its own choice each time, unless its proxy knows only one.
      const options: JoinOptions = {
        ...{ coordinator, name, memory: 'mapped', listen: `${host}:${port}`, advertise, joinTimeoutMs: readyMs },
        insecure: this.#insecure().length > 0,
        transports: transport === 'both' ? (number % 2 === 0 ? ['ws', 'grpc'] : ['grpc', 'ws']) : [transport],
      };
      return this.#programJoined(name, new MappedProgram(await this.#withPort(options), within));
    }
    const where = ['--coordinator', coordinator, '--listen', `${host}:${port}`, '--advertise', advertise, ...this.#insecure()];
    const args = ['node', '--name', name, ...where, '--transport', transport, '--memory', memory, '--json'];
    await this.#started(name, Managed.start(args, process.env, within));
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#processes.get(name)?.signal(signal);
  }

  /** Ends a node with `signal`, patiently. Returns how it ended. */
  async end(name: string, signal: NodeJS.Signals): Promise<number | string> {
    const process = this.#processes.get(name);
    if (process instanceof Managed) return process.end(signal);
    process?.signal(signal);
    return (await process?.untilEnded())?.end ?? 'never started';
  }

  /** Every member that is not the coordinator waits to be started until it is let go as often as it was held. */
  hold(name: string): void {
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1);
  }
  letGo(name: string): void {
    this.#held.set(name, Math.max(0, (this.#held.get(name) ?? 0) - 1));
  }
  isHeld(name: string): boolean {
    return (this.#held.get(name) ?? 0) > 0;
  }

  async status(): Promise<StatusSeen> {
    const { host, port } = this.network.seat(coordinatorName);
    // The coordinator under test says what its status is; a wrong one shows as a failing check.
    return (await requestStatus(`ws://${host}:${port}`)) as unknown as StatusSeen;
  }

  /** Waits until every node and program is a live member. */
  async untilLive(deadlineMs: number): Promise<void> {
    const wanted = [...this.settings.nodes, ...this.settings.programs];
    await until(
      `${wanted.join(', ')} are live members`,
      async () => {
        const live = (await this.status()).nodes.filter(({ state }) => state === 'live').map(({ name }) => name);
        const missing = wanted.filter((name) => !live.includes(name));
        if (missing.length > 0) throw new Error(`${missing.join(', ')} are not`);
        return true;
      },
      deadlineMs,
    );
  }

  /** Ends everything in good order: programs, nodes, the coordinator. Returns who did not end that way, and how. */
  async stop(): Promise<readonly string[]> {
    const problems: string[] = [];
    const note = (name: string, end: number | string): void => {
      if (end !== 0) problems.push(`${name} ended with ${end} when it was asked to leave: ${this.#errorsOf(name).slice(-400)}`);
    };
    await Promise.all(this.settings.programs.map(async (name) => note(name, await this.#leave(name))));
    await Promise.all(this.settings.nodes.map(async (name) => note(name, await this.end(name, 'SIGTERM'))));
    note(coordinatorName, await this.end(coordinatorName, 'SIGTERM'));
    return problems;
  }

  kill(): void {
    for (const process of this.#processes.values()) process.signal('SIGKILL');
  }

  /** The last words of a process. */
  #errorsOf(name: string): string {
    return this.#processes.get(name)?.errors ?? '';
  }

  async #leave(name: string): Promise<number | string> {
    const program = this.program(name);
    if (program === undefined || program.ended !== undefined) return program?.ended?.end ?? 'never started';
    await program.do({ do: 'leave' }).catch(() => {});
    const killing = setTimeout(() => program.signal('SIGKILL'), 10_000);
    const { end } = await program.untilEnded();
    clearTimeout(killing);
    return end;
  }

  async #started(name: string, process: Managed): Promise<void> {
    this.#processes.set(name, process);
    process.child.once('exit', (code, signal) => this.#keepLog(name, process.errors, code ?? signal ?? 'unknown'));
    // The line is printed by the product under test; a wrong one shows as a failing run.
    const { port } = (await process.ready(readyMs)) as { readonly port: number };
    await this.network.serves(name, port, [process.pid]);
    this.#ready.add(process);
  }

  async #programJoined(name: string, program: MappedProgram): Promise<void> {
    this.#processes.set(name, program);
    void program.untilEnded().then(({ end, errors }) => this.#keepLog(name, errors, end));
    const port = this.network.seat(name).port;
    await this.network.serves(name, port, [program.pid]);
    await program.joined();
    this.#ready.add(program);
  }

  /** On loopback a program needs a port that its proxy can be told before it has joined. */
  async #withPort(options: JoinOptions): Promise<JoinOptions> {
    const { name } = options;
    const seat = this.network.seat(name);
    if (seat.port !== 0) return options;
    const port = await freePort(seat.host);
    await this.network.serves(name, port, []);
    return { ...options, listen: `${seat.host}:${port}` };
  }

  #schemeOf(name: string): 'ws' | 'grpc' {
    const { transport } = this.settings;
    if (transport !== 'both') return transport;
    return this.network.seat(name).number % 2 === 0 ? 'ws' : 'grpc';
  }

  /** Addresses inside namespaces are not loopback, and nobody else can reach them. */
  #insecure(): readonly string[] {
    return this.network.kind === 'namespaces' ? ['--insecure'] : [];
  }

  #keepLog(name: string, errors: string, end: number | string): void {
    const { logs } = this.settings;
    if (logs !== undefined) appendFileSync(joinPath(logs, `${name}.log`), `${errors.trimEnd()}\n-- ended with ${end}\n`);
  }
}

const isOver = (process: Managed | MappedProgram): boolean => (process instanceof Managed ? process.ended : process.ended !== undefined);

async function freePort(host: string): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
