import type { Agent, AgentEffect, AgentInput, PageMessage } from '@pagewire/protocol';
import { worldPage } from '../../src/machines/world-node.js';
import { itemByItem, type Note, soleItem, together } from './notation.js';

const PAGE = worldPage(0);

/** Wraps the door of an agent, so that each of its transitions on page 0 is noted. */
export function noteAgent(agent: Agent, note: Note): void {
  const step = agent.step.bind(agent);
  agent.step = (now, input) =>
    itemByItem(input).flatMap((single) => {
      const before = agent.stateOf(PAGE);
      const effects = step(now, single);
      const what = showInput(single);
      // The model forgets what the dead sent as soon as they are declared lost: it would be ignored, whatever it is (I5).
      const fromTheDead = effects.some((effect) => effect.kind === 'ignored' && effect.why === 'its sender is lost');
      if (what !== undefined && !fromTheDead)
        note(`agent | ${before} | ${what} | ${agent.stateOf(PAGE)} | ${together(effects.map(showEffect))}`);
      return effects;
    });
}

function showInput(input: AgentInput): string | undefined {
  switch (input.kind) {
    case 'fault':
      return `fault ${input.right}`;
    case 'evict':
    case 'unpin':
      return input.kind;
    case 'message':
      return input.message.kind === 'node-lost' ? 'node-lost' : showMessage(input.message);
    default:
      return undefined;
  }
}

function showMessage(message: PageMessage): string {
  switch (message.kind) {
    case 'grant': {
      const { right, source, ackers } = soleItem(message.items);
      return `grant ${right} ${source}${ackers.length > 0 ? ', ackers' : ''}`;
    }
    case 'transfer':
    case 'invalidate':
      return `${message.kind}${soleItem(message.items).keep ? ', keep' : ''}`;
    default:
      return message.kind;
  }
}

function showEffect(effect: AgentEffect): string {
  switch (effect.kind) {
    case 'send':
      return showSent(effect.message);
    case 'permit':
      return `[permit ${effect.right}]`;
    case 'violation':
      throw new Error(`an agent accuses ${effect.from}: ${effect.what}`);
    default:
      return `[${effect.kind}]`;
  }
}

function showSent(message: PageMessage): string {
  switch (message.kind) {
    case 'acquire': {
      const { right, held } = soleItem(message.items);
      return `acquire ${right}${held === undefined ? '' : ', held'}`;
    }
    // When the home confirms, several reports may leave at once.
    case 'report':
      return together(message.items.map(({ holding }) => `report ${holding}`));
    default:
      return message.kind;
  }
}
