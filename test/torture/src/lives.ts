import type { StatusSeen, TortureCluster } from './cluster/torture-cluster.js';

const lookEveryMs = 200;

interface Life {
  readonly incarnation: number;
  readonly sinceMs: number;
}

/** Watches which lives the members live: each number is a new one. */
export class Lives {
  readonly #lives = new Map<string, Life[]>();
  readonly #cluster: TortureCluster;
  #stopped = false;
  #running: Promise<void> | undefined;
  #pagesLost = 0;

  constructor(cluster: TortureCluster) {
    this.#cluster = cluster;
  }

  /** Lives that members began after their first. */
  get rejoins(): number {
    return [...this.#lives.values()].reduce((sum, lives) => sum + lives.length - 1, 0);
  }

  /** What the coordinator counts: each time a page was lost. */
  get pagesLost(): number {
    return this.#pagesLost;
  }

  /** True when a new life of the member was first seen after that time. */
  hasBegunSince(name: string, fromMs: number): boolean {
    return this.#lives.get(name)?.some(({ sinceMs }, index) => index > 0 && sinceMs >= fromMs) ?? false;
  }

  start(): void {
    this.#running = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.look();
  }

  async look(): Promise<void> {
    const status = await this.#cluster.status().catch(() => undefined);
    if (status !== undefined) this.#note(status);
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      await this.look();
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }

  #note({ nodes, pagesLost }: StatusSeen): void {
    this.#pagesLost = pagesLost;
    for (const { name, incarnation, state } of nodes) {
      const lives = this.#lives.get(name) ?? [];
      this.#lives.set(name, lives);
      if (state === 'live' && lives.at(-1)?.incarnation !== incarnation) lives.push({ incarnation, sinceMs: performance.now() });
    }
  }
}
