import { type Incarnation, InvariantError, incarnation, type Member, millis } from '@pagewire/protocol';
import { Membership } from '../src/membership/membership.js';
import { linkId, type MembershipEffect, type MembershipInput, type MembershipOptions } from '../src/membership/membership-io.js';

/** Leases of 3000 ms that are judged every 1000 ms; at most 3 members. */
export const scriptOptions: MembershipOptions = {
  leaseMs: 3000,
  renewEveryMs: 500,
  tickEveryMs: 1000,
  maxMembers: 3,
  cluster: 'c',
  firstNumber: 1,
};

const show = ({ name, incarnation: n }: Member): string => `${name}#${n}`;

function showMessage(message: Extract<MembershipEffect, { kind: 'send' }>['message']): string {
  switch (message.kind) {
    case 'joined':
      return message.waitedMs === 0 ? `joined #${message.incarnation}` : `joined #${message.incarnation} after ${message.waitedMs}`;
    case 'members':
      return `members of epoch ${message.epoch}: ${message.members.map(show).join(' ')}`;
    case 'renewed':
      return `renewed ${message.sentAt}`;
    case 'node-lost':
      return `node-lost #${message.member}`;
    default:
      return message.kind;
  }
}

function showEffect(effect: MembershipEffect): string {
  switch (effect.kind) {
    case 'send':
      return `${effect.to.join(',')} <- ${showMessage(effect.message)}`;
    case 'admitted':
      return `admitted ${show(effect.member)}`;
    case 'lost':
      return `lost ${show(effect.member)} (${effect.loss})`;
    case 'suspected':
      return `suspected ${show(effect.member)} by ${show(effect.by)}`;
    case 'expelled':
      return `expelled ${show(effect.member)}`;
    case 'refused':
      return `refused ${effect.link} (${effect.code})`;
    case 'ignored':
      return `ignored ${effect.what}`;
  }
}

const member = (word: string | undefined): Incarnation | undefined => (word === undefined ? undefined : incarnation(Number(word.slice(1))));

/** `join LINK NAME [#PREVIOUS]`, `renew LINK SENT-AT`, `leave LINK`, `suspect LINK #MEMBER`, `expel #MEMBER`, `link-lost LINK`, `tick`. */
function readInput(words: readonly string[]): MembershipInput {
  const [kind, first = '', second = '', third] = words;
  const link = linkId(Number(first));
  switch (kind) {
    case 'join':
      return { kind, link, name: second, urls: [], previous: member(third) };
    case 'renew':
      return { kind, link, sentAt: Number(second) };
    case 'leave':
    case 'link-lost':
      return { kind, link };
    case 'suspect':
      return { kind, link, member: incarnation(Number(second.slice(1))) };
    case 'expel':
      return { kind, member: incarnation(Number(first.slice(1))), reason: 'the script says so' };
    case 'tick':
      return { kind };
    default:
      throw new InvariantError(`no such input: ${words.join(' ')}`);
  }
}

/** The lines of `script` without indentation and empty ones. */
export const linesOf = (script: string): string[] =>
  script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/**
 * Gives a fresh membership the inputs of a script, the lines that start with `> TIME`, and returns the script as it should have been
 * written: each input followed by its effects.
 */
export function replay(script: string, options: Partial<MembershipOptions> = {}): string[] {
  const membership = new Membership({ ...scriptOptions, ...options });
  return linesOf(script)
    .filter((line) => line.startsWith('> '))
    .flatMap((line) => {
      const [, at, ...words] = line.split(/\s+/);
      return [line, ...membership.step(millis(Number(at)), readInput(words)).map(showEffect)];
    });
}
