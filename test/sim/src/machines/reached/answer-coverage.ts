import type { SyncEffect, SyncInput } from '@pagewire/protocol';
import { failureOf } from '../rule-broken.js';
import { parseScenarios } from '../scenario-file.js';
import { ScenarioPlayer } from '../scenario-player.js';
import { SyncRun } from '../synchronization/sync-run.js';
import { alignedTable } from '../transitions/transition-table.js';
import type { Watch } from '../watch.js';
import type { Seeds } from './pair-coverage.js';
import { pairName, Tally } from './tally.js';

/** What an input of the table of synchronization is about. */
type Input =
  | 'lock'
  | 'take-permits'
  | 'give-back'
  | 'arrive'
  | 'wait'
  | 'notify'
  | 'cancel'
  | 'member-joined'
  | 'member-lost'
  | 'member-left'
  | 'region-deleted';
type Answer = Exclude<SyncEffect['kind'], 'send'> | Extract<SyncEffect, { kind: 'send' }>['message']['kind'] | 'nothing';

/** What may come of each input. `nothing`: it waits, or changes what nobody waits for. */
export const answersTo: Readonly<Record<Input, readonly Answer[]>> = {
  lock: ['obtained', 'nothing', 'ignored'],
  'take-permits': ['obtained', 'denied', 'nothing', 'ignored'],
  'give-back': ['given-back', 'obtained', 'ignored', 'violation'],
  arrive: ['passed', 'denied', 'nothing', 'ignored'],
  wait: ['waiting', 'look-again', 'denied', 'ignored'],
  notify: ['notified', 'woken', 'denied', 'ignored'],
  cancel: ['cancelled', 'obtained', 'ignored'],
  'member-joined': ['nothing'],
  'member-lost': ['abandoned', 'obtained', 'broken', 'denied', 'waiting', 'nothing'],
  'member-left': ['abandoned', 'obtained', 'waiting', 'nothing'],
  'region-deleted': ['denied', 'nothing'],
};

/** How often each answer came of each input. */
export function answersOf({ firstSeed, seeds }: Seeds): Tally {
  const tally = new Tally();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    const watch = observing(tally);
    try {
      new SyncRun(seed, {}, watch).run();
    } catch (cause) {
      throw new Error(`seed ${seed} of the synchronization layer fails: ${failureOf(cause).what}`, { cause });
    }
    watch.end();
  }
  return tally;
}

export function answersOfScenarios(texts: readonly string[]): Tally {
  const tally = new Tally();
  for (const { blocks } of texts.flatMap((text) => parseScenarios(text))) {
    const watch = observing(tally);
    const player = new ScenarioPlayer(watch);
    for (const { inputs } of blocks) for (const line of inputs) player.play(line);
    watch.end();
  }
  return tally;
}

/** What came of an input is known when the next one comes. */
function observing(tally: Tally): Watch & { end(): void } {
  let input: Input | undefined;
  let answers = new Set<string>();
  const end = (): void => {
    if (input === undefined) return;
    for (const answer of answers.size === 0 ? ['nothing'] : answers) tally.count(input, answer);
  };
  return {
    end,
    attach: () => {},
    events: {
      beforeTable: (next) => {
        end();
        input = nameOf(next);
        answers = new Set();
      },
      tableEffect: (effect) => answers.add(effect.kind === 'send' ? effect.message.kind : effect.kind),
    },
  };
}

function nameOf(input: SyncInput): Input {
  if (input.kind === 'message' || input.kind === 'address-message') return input.message.kind;
  return input.kind === 'member-lost' && input.left ? 'member-left' : input.kind;
}

/** Every pair that may come about. */
export const answerPairs = (): string[] =>
  Object.entries(answersTo).flatMap(([input, answers]) => answers.map((answer) => pairName(input, answer)));

/** Inputs down, answers across: how often random runs saw it, or that only a scenario did. */
export function answerTable(random: Tally, scenarios: Tally): string {
  const answers = [...new Set(Object.values(answersTo).flat())];
  const show = (input: string, answer: string): string => {
    const count = random.of(input, answer);
    if (count > 0) return `${count}`;
    return scenarios.of(input, answer) > 0 ? 'scenario' : '';
  };
  return alignedTable(
    ['input', ...answers],
    Object.keys(answersTo).map((input) => [input, ...answers.map((answer) => show(input, answer))]),
  );
}
