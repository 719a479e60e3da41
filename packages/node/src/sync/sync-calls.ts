import { Question } from './question.js';
import type { Asker, SyncRequests } from './sync-requests.js';

/** What is asked for by name. */
export type Obtainable =
  | { readonly kind: 'lock'; readonly name: string }
  | { readonly kind: 'take-permits'; readonly name: string; readonly permits: number; readonly count: number };

/** Something that was obtained: `id` and `life` name it when it is given back. */
export interface Obtained {
  readonly id: number;
  readonly life: number;
  readonly token: number;
  readonly abandoned: boolean;
}

/** What locks, semaphores and barriers are made of. All of it can be asked for from another thread. */
export interface SyncCalls {
  /** Changes when this node's membership ends. */
  readonly life: number;
  obtain(what: Obtainable, timeoutMs: number): Promise<Obtained>;
  giveBack(obtained: Pick<Obtained, 'id' | 'life'>): Promise<void>;
  arrive(name: string, parties: number, timeoutMs: number): Promise<number>;
}

const describe = (what: Obtainable): string =>
  what.kind === 'lock' ? `lock "${what.name}"` : `${what.count} of ${what.permits} permits of semaphore "${what.name}"`;

/** The calls over the requests of a node. */
export class NodeSyncCalls implements SyncCalls {
  readonly #requests: SyncRequests;

  constructor(requests: SyncRequests) {
    this.#requests = requests;
  }

  get life(): number {
    return this.#requests.life;
  }

  async obtain(what: Obtainable, timeoutMs: number): Promise<Obtained> {
    const { life } = this.#requests;
    const question = new Question<Obtained>(this.#requests, what, {
      what: describe(what),
      timeoutMs,
      take: (reply) => {
        if (reply.kind !== 'obtained') return undefined;
        return { id: reply.id, life, token: reply.token, abandoned: reply.abandoned };
      },
      unwanted: (id) => this.#requests.giveBack(id, life, nobody),
    });
    return question.answer;
  }

  giveBack({ id, life }: Pick<Obtained, 'id' | 'life'>): Promise<void> {
    return new Promise((resolve, reject) => {
      // It is answered at once, and whoever closes this node waits for that.
      this.#requests.giveBack(id, life, { replied: () => resolve(), failed: reject, stop: () => {} });
    });
  }

  async arrive(name: string, parties: number, timeoutMs: number): Promise<number> {
    const question = new Question<number>(
      this.#requests,
      { kind: 'arrive', name, parties },
      {
        what: `barrier "${name}" of ${parties} parties`,
        timeoutMs,
        take: (reply) => (reply.kind === 'passed' ? reply.generation : undefined),
      },
    );
    return question.answer;
  }
}

/** For what is given back because nobody wants it. */
const nobody: Asker = { replied: () => {}, failed: () => {}, stop: () => {} };
