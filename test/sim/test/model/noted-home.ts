import type { CoherenceMessage, Home, HomeEffect, HomeInput, Incarnation, PageMessage } from '@pagewire/protocol';
import { worldPage } from '../../src/machines/world-node.js';
import { itemByItem, type Note, soleItem, together } from './notation.js';

const PAGE = worldPage(0);

/** Wraps the door of a home, so that each of its transitions on page 0 is noted. */
export function noteHome(home: Home, note: Note): void {
  const step = home.step.bind(home);
  const state = (): string => `${home.stateOf(PAGE)}${home.status().storedBytes > 0 ? ', bytes' : ''}`;
  home.step = (now, input) =>
    itemByItem(input).flatMap((single) => {
      const before = state();
      const what = showInput(home, single);
      const effects = step(now, single);
      // The model forgets what the dead sent as soon as they are declared lost: it would be ignored, whatever it is (I5).
      const fromTheDead = effects.some((effect) => effect.kind === 'ignored' && effect.why === 'its sender is not a member');
      if (what !== undefined && !fromTheDead) note(`home | ${before} | ${what} | ${state()} | ${together(effects.map(showEffect))}`);
      return effects;
    });
}

function showInput(home: Home, input: HomeInput): string | undefined {
  switch (input.kind) {
    case 'message':
      return `${showMessage(input.message)} by ${roleOf(home, input.from)}`;
    case 'member-lost':
      return `member-lost by ${roleOf(home, input.member)}`;
    case 'trim':
    case 'tick':
      return input.kind;
    default:
      return undefined;
  }
}

/** What the home's record says of a node. While the page is busy, the requester is the last of its holders. */
function roleOf(home: Home, node: Incarnation): string {
  const holders = home.holdersOf(PAGE);
  if (home.stateOf(PAGE) === 'busy' && holders.at(-1) === node) return 'the requester';
  return holders.includes(node) ? 'a holder' : 'another';
}

function showMessage(message: CoherenceMessage): string {
  switch (message.kind) {
    case 'acquire': {
      const { right, held } = soleItem(message.items);
      return `acquire ${right}${held === undefined ? '' : ', held'}`;
    }
    case 'report':
      return `report ${soleItem(message.items).holding}`;
    default:
      return message.kind;
  }
}

function showEffect(effect: HomeEffect): string {
  switch (effect.kind) {
    case 'send':
      return showSent(effect.message);
    case 'violation':
      throw new Error(`the home accuses ${effect.from}: ${effect.what}`);
    default:
      return `[${effect.kind}]`;
  }
}

function showSent(message: PageMessage): string {
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
