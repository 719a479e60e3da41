import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WeatherEffects } from '@pagewire/test';
import type { ProxyAnswer, ProxyCall, ProxyReply, ProxyRequest } from './proxy-calls.js';

const program = fileURLToPath(new URL('./proxy-main.js', import.meta.url));

/** A process of proxies. They have one of their own so that no byte waits while the load computes. */
export class ProxyProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(answer: ProxyAnswer): void; reject(error: Error): void }>();
  #ids = 0;

  /** `before` is a command that becomes the one it is given, such as `ip netns exec NAME`. */
  constructor(before: readonly string[] = []) {
    const [file, ...rest] = [...before, process.execPath, program];
    this.#child = spawn(file ?? process.execPath, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child.on('message', (reply) => this.#take(reply as ProxyReply));
    this.#child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the process of the proxies ended with ${code ?? signal}`));
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async do(call: ProxyCall): Promise<ProxyAnswer> {
    if (this.ended || !this.#child.connected) throw new Error('the process of the proxies has ended');
    this.#ids += 1;
    const request: ProxyRequest = { id: this.#ids, call };
    const answer = new Promise<ProxyAnswer>((resolve, reject) => this.#waiting.set(request.id, { resolve, reject }));
    this.#child.send(request);
    return answer;
  }

  async open(proxy: number, host: string, port: number): Promise<number> {
    const answer = await this.do({ do: 'open', proxy, host, port });
    if (answer === undefined || !('port' in answer)) throw new Error(`proxy ${proxy} has no port`);
    return answer.port;
  }

  async effects(): Promise<WeatherEffects> {
    const answer = await this.do({ do: 'effects' });
    if (answer === undefined || 'port' in answer) throw new Error('the proxies do not say what they did');
    return answer;
  }

  async close(): Promise<void> {
    if (this.ended) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #take({ id, answer, failure }: ProxyReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(failure));
  }
}
