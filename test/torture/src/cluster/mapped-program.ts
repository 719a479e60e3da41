import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JoinOptions } from '@pagewire/node';
import { isErrorCode, PagewireError } from '@pagewire/protocol';
import type { ProgramCall, ProgramReply, ProgramRequest } from './calls.js';

const program = fileURLToPath(new URL('./program-main.js', import.meta.url));

/** How a process ended: its exit code, or the signal's name. */
export type ProcessEnd = number | NodeJS.Signals;

/** The program ended before it answered. */
export class ProgramEnded extends Error {
  override readonly name = 'ProgramEnded';
  constructor(
    readonly end: ProcessEnd,
    readonly errors: string,
  ) {
    super(`it ended with ${end}: ${errors.trim()}`);
  }
}

/** The parent's side of one life of a mapped program. */
export class MappedProgram {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #ids = 0;
  #errors = '';
  #end: ProgramEnded | undefined;

  /** Starts it; {@link joined} tells when it is a node. */
  constructor(options: JoinOptions, within: readonly string[]) {
    const [file, ...rest] = [...within, process.execPath, program, JSON.stringify(options)];
    this.#child = spawn(file ?? process.execPath, rest, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.stderr?.on('data', (text) => {
      this.#errors = `${this.#errors}${text}`.slice(-20_000);
    });
    this.#child.on('message', (reply) => this.#take(reply as ProgramReply));
    this.#child.once('close', (code, signal) => {
      const end = new ProgramEnded(code ?? signal ?? 1, this.#errors);
      this.#end = end;
      for (const { reject } of this.#waiting.values()) reject(end);
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): ProgramEnded | undefined {
    return this.#end;
  }

  get errors(): string {
    return this.#errors;
  }

  joined(): Promise<unknown> {
    return this.#answer(0);
  }

  /** Rejects with {@link ProgramEnded} when the program ends first. */
  async do(call: ProgramCall): Promise<unknown> {
    this.#ids += 1;
    const request: ProgramRequest = { id: this.#ids, call };
    const answer = this.#answer(request.id);
    // A program that is ending has no channel any more; its end is what the answer will be.
    if (this.#child.connected) this.#child.send(request, () => {});
    return answer;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async untilEnded(): Promise<ProgramEnded> {
    while (this.#end === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    return this.#end;
  }

  #answer(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) reject(this.#end);
      else this.#waiting.set(id, { resolve, reject });
    });
  }

  #take({ id, value, failure }: ProgramReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) waiting?.resolve(value);
    else waiting?.reject(isErrorCode(failure.code) ? new PagewireError(failure.code, failure.message) : new Error(failure.message));
  }
}
