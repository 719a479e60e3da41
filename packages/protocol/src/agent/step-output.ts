import type { PageId } from '../ids.js';
import type { PageItems, PageMessageKind } from '../messages.js';
import { Outbox } from '../outbox.js';
import type { AgentEffect, Peer } from './agent-io.js';

/**
 * The effects of one step, put in the order that makes them safe: rights are taken away and frames filled first, then messages leave (their
 * bytes are read from frames that nothing may write any more: I4), then frames are forgotten, and only then are accesses let in, which may
 * step the agent again.
 */
export class StepOutput {
  readonly #before: AgentEffect[] = [];
  readonly #outbox = new Outbox<Peer>();
  readonly #forgotten: PageId[] = [];
  readonly #after: AgentEffect[] = [];

  /** An effect on memory that must precede every message of this step. */
  memory(effect: Extract<AgentEffect, { kind: 'stage' | 'protect' | 'revoke' | 'snapshot' }>): void {
    this.#before.push(effect);
  }

  send<K extends PageMessageKind>(to: Peer, kind: K, item: PageItems[K], contentBytes = 0): void {
    this.#outbox.add(to, kind, item, contentBytes);
  }

  forget(page: PageId): void {
    this.#forgotten.push(page);
  }

  /** Something the driver is told once memory and messages are done with. */
  tell(effect: Extract<AgentEffect, { kind: 'permit' | 'fail' | 'evicted' | 'confirmed' | 'ignored' | 'violation' }>): void {
    this.#after.push(effect);
  }

  ignored(what: string, why: string, page?: PageId): void {
    this.tell({ kind: 'ignored', page, what, why });
  }

  finish(): AgentEffect[] {
    const effects = this.#before;
    this.#outbox.drain((to, message) => effects.push({ kind: 'send', to, message }));
    for (const page of this.#forgotten) effects.push({ kind: 'forget', page });
    effects.push(...this.#after);
    return effects;
  }
}
