import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { chooseMemory, type JoinOptions } from '@pagewire/node';
import { isErrorCode, PagewireError } from '@pagewire/protocol';
import { afterAll, expect } from 'vitest';
import { until } from '../src/index.js';

const program = fileURLToPath(new URL('./programs/plain.mjs', import.meta.url));

const here = chooseMemory('auto');
/** Whether this machine has mapped memory, and the end of a title that says why not. */
export const isMapped = here.kind === 'mapped';
export const unlessMapped = isMapped ? '' : ` (skipped: ${here.reason})`;

type Answer = { readonly id: number; readonly value?: unknown; readonly code?: string; readonly message?: string };

/** How a program ended: its exit code or the signal's name, and what it said on standard error. */
export interface End {
  readonly end: number | string;
  readonly errors: string;
}

/** A process of its own that is a node, does what it is told, and has threads that touch memory. */
export class PlainProgram {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #calls = 0;
  #errors = '';
  #isClosed = false;

  private constructor(
    readonly name: string,
    child: ChildProcess,
  ) {
    this.#child = child;
    child.stderr?.on('data', (text) => {
      this.#errors += text;
    });
    child.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    child.once('close', () => {
      this.#isClosed = true;
      const gone = `it ended with ${this.#child.exitCode ?? this.#child.signalCode}: ${this.#errors}`;
      for (const [id, take] of this.#waiting) take({ id, message: gone });
      living.delete(this);
    });
  }

  /** Starts a program that is a node when it is ready. */
  static async start(options: JoinOptions): Promise<PlainProgram> {
    const child = fork(program, [JSON.stringify({ memory: 'mapped', ...options })], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    const started = new PlainProgram(options.name, child);
    living.add(started);
    await started.#answer(0, 'its start');
    return started;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with what the program answers, and rejects as it fails, or when it ends without an answer. */
  do(method: string, ...args: readonly unknown[]): Promise<unknown> {
    this.#calls += 1;
    const answer = this.#answer(this.#calls, method);
    this.#child.send({ id: this.#calls, method, args });
    return answer;
  }

  /** The same for what ends the program: nobody waits for an answer. */
  tell(method: string, ...args: readonly unknown[]): void {
    this.do(method, ...args).catch(() => {});
  }

  /** A thread with the buffer of a region (`thread`), its WebAssembly memory (`wasmThread`) or a window (`windowThread`). */
  async thread(of: string | number, kind = typeof of === 'string' ? 'thread' : 'windowThread'): Promise<ProgramThread> {
    return new ProgramThread(this, await this.do(kind, of));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until it has ended, by itself or by a signal, and its output has been read. */
  async ending(): Promise<End> {
    await until(`program ${this.name} has ended`, () => this.#isClosed, 20_000);
    return { end: this.#child.exitCode ?? this.#child.signalCode ?? 'unknown', errors: this.#errors };
  }

  async kill(): Promise<void> {
    if (this.#isClosed) return;
    const closed = once(this.#child, 'close');
    this.signal('SIGKILL');
    await closed;
  }

  async #answer(id: number, what: string): Promise<unknown> {
    const { value, code, message } = await new Promise<Answer>((take) => {
      if (this.#isClosed) take({ id, message: 'it has ended' });
      else this.#waiting.set(id, take);
    });
    if (message === undefined) return value;
    if (isErrorCode(code)) throw new PagewireError(code, message);
    throw new Error(`${what} of program ${this.name} failed: ${message}`);
  }
}

/** A thread of a program: one operation at a time. */
export class ProgramThread {
  constructor(
    readonly program: PlainProgram,
    readonly number: unknown,
  ) {}

  do(operation: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.program.do('tell', this.number, operation, ...args);
  }

  /** Ends what goes on until then. */
  async rest(): Promise<void> {
    await this.program.do('rest', this.number);
  }

  /** The same as `do` for what never answers, because its program ends first. */
  tell(operation: string, ...args: readonly unknown[]): void {
    this.program.tell('tell', this.number, operation, ...args);
  }
}

const living = new Set<PlainProgram>();
process.once('exit', () => {
  for (const left of living) left.signal('SIGKILL');
});

/** To be called at the top of each file: ends the programs that its tests have left running, which no test may rely on. */
export function endsPrograms(): void {
  afterAll(async () => {
    await Promise.all([...living].map((left) => left.kill()));
    expect([...living]).toEqual([]);
  });
}
