import { RandomRun } from '../coherence/random-run.js';
import { failureOf } from '../rule-broken.js';
import { parseScenarios } from '../scenario-file.js';
import { ScenarioPlayer } from '../scenario-player.js';
import type { Watch } from '../watch.js';
import { tellingAll } from '../world-events.js';
import { AgentObserver } from './agent-observer.js';
import { HomeObserver } from './home-observer.js';
import { Tally } from './tally.js';

/** How often each input came to each machine in each state; rows and columns as in the transition tables. */
export interface PairCoverage {
  readonly agent: Tally;
  readonly home: Tally;
}

export interface Seeds {
  readonly firstSeed: number;
  readonly seeds: number;
}

/** What random runs of the coherence layer reach. Throws where a run fails. */
export function coverageOf({ firstSeed, seeds }: Seeds): PairCoverage {
  const coverage = { agent: new Tally(), home: new Tally() };
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    try {
      new RandomRun(seed, {}, observing(coverage)).run();
    } catch (cause) {
      throw new Error(`seed ${seed} of the coherence layer fails: ${failureOf(cause).what}`, { cause });
    }
  }
  return coverage;
}

/** What scenarios reach, given the texts of their files. */
export function coverageOfScenarios(texts: readonly string[]): PairCoverage {
  const coverage = { agent: new Tally(), home: new Tally() };
  for (const { blocks } of texts.flatMap((text) => parseScenarios(text))) {
    const player = new ScenarioPlayer(observing(coverage));
    for (const { inputs } of blocks) for (const line of inputs) player.play(line);
  }
  return coverage;
}

function observing({ agent, home }: PairCoverage): Watch {
  const observers = { agent: new AgentObserver(agent), home: new HomeObserver(home) };
  return {
    events: tellingAll([observers.agent.events, observers.home.events]),
    attach: (world, { queueTimeoutMs }) => {
      observers.agent.attach(world);
      observers.home.attach(world, queueTimeoutMs);
    },
  };
}
