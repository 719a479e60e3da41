import { readFileSync, writeFileSync } from 'node:fs';
import { showTransition } from './words.mjs';

const transitionsFile = new URL('transitions.txt', import.meta.url);
const schedulesFile = new URL('schedules.txt', import.meta.url);
const advice = 'pnpm model --quick --write';

const machines = ['agent', 'home'];

function readTransition(code) {
  const [machine, before, role, input, after, out] = code.split('.').map(Number);
  return showTransition({ machine: machines[machine], before, role, input, after, out });
}

/**
 * All transitions of several searches, each with schedules: how many nodes they start with, and their steps. One schedule for each detail of
 * the machine's inner state in which the transition was made (the last number of its code).
 */
export class NotedTransitions {
  #schedules = new Map();
  #names = new Set();

  /** Takes the lines of one search, as record.h prints them. */
  add(lines, { members }) {
    for (const line of lines) {
      const [, code, ...steps] = line.split(' ');
      this.#names.add(readTransition(code));
      const known = this.#schedules.get(code);
      if (known === undefined || steps.length < known.steps.length) this.#schedules.set(code, { members, steps });
    }
  }

  names() {
    return [...this.#names].sort();
  }

  /** What the committed list and this one do not have in common. */
  compare() {
    const committed = new Set(readFileSync(transitionsFile, 'utf8').split('\n').filter(isTransition));
    const names = this.names();
    return {
      missing: names.filter((name) => !committed.has(name)),
      superfluous: [...committed].filter((name) => !this.#names.has(name)),
    };
  }

  write() {
    const names = this.names();
    const head = [
      '# Every transition of either machine that the model can make within its quick configurations:',
      '# machine | state | input | next state | effects',
      `# Written by \`${advice}\`; test/sim/test/model holds the real machines against it.`,
    ];
    writeFileSync(transitionsFile, `${[...head, ...names].join('\n')}\n`);
    writeFileSync(schedulesFile, `${[...scheduleHead, ...this.#chosen(names)].join('\n')}\n`);
  }

  /** Schedules that together lead through every transition: long ones first, for they pass by many. */
  #chosen(names) {
    const numbers = new Map(names.map((name, index) => [name, index + 1]));
    const covered = new Set();
    const chosen = [];
    const longestFirst = [...this.#schedules].sort(([a, { steps: x }], [b, { steps: y }]) => y.length - x.length || (a < b ? -1 : 1));
    for (const [code, { members, steps }] of longestFirst) {
      if (covered.has(code)) continue;
      const words = steps.map((word) => (word.includes('.') ? `#${numbers.get(readTransition(word))}` : word));
      for (const word of steps) covered.add(word);
      chosen.push(`${members} ${words.join(' ')}`);
    }
    return chosen;
  }
}

const isTransition = (line) => line !== '' && !line.startsWith('#');

const scheduleHead = [
  '# Runs of the model that together make every transition of transitions.txt. A line is the number of nodes at the start, then steps, each with the',
  '# transitions that it makes (#n is the n-th of transitions.txt). A step is a letter and two nodes:',
  '# r read, w write, e evict, p pin readonly, x pin exclusive, u unpin, c crash, d declared lost, l leave, L leave with links cut, j join;',
  '# h from home to the first, a from the first to home, b from the first to the second; t trim, k the queue is old.',
  `# Written by \`${advice}\`.`,
];
