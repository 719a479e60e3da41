import { PagewireError } from '@pagewire/protocol';
import { PassedBarriers } from './passed-barriers.js';
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
  /** One more whenever this node's rights have ended: by a fence, and at its close. */
  readonly life: number;
  obtain(what: Obtainable, timeoutMs: number): Promise<Obtained>;
  giveBack(obtained: Pick<Obtained, 'id' | 'life'>): Promise<void>;
  arrive(name: string, parties: number, timeoutMs: number): Promise<number>;
}

const describe = (what: Obtainable): string =>
  what.kind === 'lock' ? `lock "${what.name}"` : `${what.count} of ${what.permits} permits of semaphore "${what.name}"`;

interface Holding {
  readonly what: string;
  /** Why the life ended in which it was obtained, if it has. */
  lost: PagewireError | undefined;
}

/** The calls over the requests of a node. It knows what is held until it is given back, also where that was lost. */
export class NodeSyncCalls implements SyncCalls {
  readonly #requests: SyncRequests;
  readonly #released: () => void;
  readonly #holdings = new Map<number, Holding>();
  readonly #barriers = new PassedBarriers();

  /** Calls `released` whenever something lost was given back. */
  constructor(requests: SyncRequests, released: () => void) {
    this.#requests = requests;
    this.#released = released;
  }

  /** Something that was lost and is not given back yet: its holder may still be at work under it. */
  get lost(): string | undefined {
    for (const { what, lost } of this.#holdings.values()) if (lost !== undefined) return what;
    return undefined;
  }

  /** The membership is over, and with it everything asked for and held. */
  end(error: PagewireError): void {
    for (const holding of this.#holdings.values()) holding.lost ??= error;
    this.#requests.end(error);
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
        this.#holdings.set(reply.id, { what: describe(what), lost: undefined });
        return { id: reply.id, life, token: reply.token, abandoned: reply.abandoned };
      },
      unwanted: ({ id, abandoned }) => {
        this.#holdings.delete(id);
        // What was abandoned goes with this node, and so the next holder is told as this one was.
        if (!abandoned) this.#requests.giveBack(id, life, nobody);
      },
    });
    return question.answer;
  }

  giveBack({ id, life }: Pick<Obtained, 'id' | 'life'>): Promise<void> {
    const lost = this.#holdings.get(id)?.lost;
    this.#holdings.delete(id);
    if (lost !== undefined) {
      this.#released();
      return Promise.reject(lost);
    }
    return new Promise((resolve, reject) => {
      // It is answered at once, and whoever closes this node waits for that.
      this.#requests.giveBack(id, life, { replied: () => resolve(), failed: reject, stop: () => {} });
    });
  }

  async arrive(name: string, parties: number, timeoutMs: number): Promise<number> {
    const { life } = this.#requests;
    this.#requests.admit();
    if (this.#barriers.comes(name, life)) {
      const why =
        'this node was fenced since it came the last time, which broke it for all: agree on the parties that are left and arrive again';
      throw new PagewireError('broken', `barrier "${name}": ${why}`);
    }
    const question = new Question<number>(
      this.#requests,
      { kind: 'arrive', name, parties },
      {
        what: `barrier "${name}" of ${parties} parties`,
        timeoutMs,
        take: (reply) => {
          if (reply.kind !== 'passed') return undefined;
          this.#barriers.passed(name, life);
          return reply.generation;
        },
      },
    );
    return question.answer;
  }
}

/** For what is given back because nobody wants it. */
const nobody: Asker = { replied: () => {}, failed: () => {}, stop: () => {} };
