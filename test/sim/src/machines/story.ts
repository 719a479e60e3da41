import type { PageId } from '@pagewire/protocol';
import { pageName, showAgentEffect, showFlight, showHomeEffect } from './notation.js';
import { showTableEffect } from './sync-notation.js';
import type { WorldEvents } from './world-events.js';
import type { WorldNode } from './world-node.js';

/** What happened, line by line, for people; kept only when somebody asked. A line without indentation is what a step did, the others came of it. */
export class Story {
  readonly lines: string[] = [];
  readonly events: WorldEvents;

  constructor(readonly asked: boolean) {
    this.events = asked
      ? {
          agentEffect: (node, effect) => this.#came(showAgentEffect(node.id, effect)),
          homeEffect: (effect) => this.#came(showHomeEffect(effect)),
          tableEffect: (effect) => this.#came(showTableEffect(effect)),
          sent: (flight) => this.#came(showFlight(flight)),
          diedInStep: ({ id }) => this.#came(`${id}: dies in the middle of a step`),
        }
      : {};
  }

  /** What step number `step` does, and where. */
  step(step: number, what: string, node?: WorldNode, pages?: readonly PageId[]): void {
    if (!this.asked) return;
    const who = node === undefined ? '' : ` node ${node.id}`;
    this.lines.push(`#${step} ${what}${who}${pages === undefined ? '' : ` pages ${pages.map(pageName)}`}`);
  }

  /** Something that was not shown by an effect. */
  note(line: string): void {
    if (this.asked) this.lines.push(line);
  }

  #came(line: string | undefined): void {
    if (line !== undefined) this.lines.push(`  ${line}`);
  }
}
