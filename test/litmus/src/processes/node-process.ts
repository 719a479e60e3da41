import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Call, NodeCalls, NodeStart } from './orders.js';

/** The build of `node-main.ts`: a process cannot be started from sources. */
const main = fileURLToPath(new URL('../../dist/processes/node-main.js', import.meta.url));

const living = new Set<NodeProcess>();
process.once('exit', () => {
  for (const each of living) each.kill();
});

/** A process that is a node of a cluster and does what it is told. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>();
  #calls = 0;
  #errors = '';

  constructor(readonly start: NodeStart) {
    this.#child = fork(main, [JSON.stringify(start)], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    living.add(this);
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#errors = `${this.#errors}${text}`.slice(-2000);
    });
    this.#child.on('message', ({ id, value, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`node ${start.name}: ${error}`));
    });
    this.#child.once('close', () => {
      living.delete(this);
      const error = new Error(`node ${start.name} ended with ${this.#child.exitCode ?? this.#child.signalCode}: ${this.#errors.trim()}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
    // A call to a process that has ended fails when its end is noticed.
    this.#child.on('error', () => {});
  }

  /** Resolves when the node is a member. */
  async ready(): Promise<this> {
    // The process says so by itself: the answer to a call that was not made.
    await this.#answer(0);
    return this;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  call<Name extends keyof NodeCalls>(name: Name, ...args: Parameters<NodeCalls[Name]>): ReturnType<NodeCalls[Name]> {
    this.#calls += 1;
    const id = this.#calls;
    const answer = this.#answer(id);
    // The pair of name and arguments is one of the calls; TypeScript does not see it through the type parameter.
    const call = { id, name, args } as Call;
    if (this.#child.connected) this.#child.send(call);
    // The process answers a call as `NodeCalls` says.
    return answer as ReturnType<NodeCalls[Name]>;
  }

  /** Resolves when the process has ended. */
  async ending(): Promise<void> {
    if (!this.ended) await once(this.#child, 'exit');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #answer(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.ended) reject(new Error(`node ${this.start.name} has ended: ${this.#errors.trim()}`));
      else this.#waiting.set(id, { resolve, reject });
    });
  }
}
