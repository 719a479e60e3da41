import { readFileSync } from 'node:fs';

/** The sets of words in vocabulary.pml: for each its names, in the order of their numbers. */
export function readVocabulary() {
  const text = readFileSync(new URL('vocabulary.pml', import.meta.url), 'utf8');
  const sets = new Map();
  for (const [, set, name] of text.matchAll(
    /\/\* .*?(agent-state|home-state|agent-input|agent-effect|home-input|home-role|home-effect): (.*?) \*\//g,
  )) {
    if (!sets.has(set)) sets.set(set, []);
    sets.get(set).push(name);
  }
  return sets;
}

const sets = readVocabulary();

function word(set, number) {
  const name = sets.get(set)[number];
  if (name === undefined) throw new Error(`vocabulary.pml has no ${set} with number ${number}`);
  return name;
}

/** The names of the bits of `mask`, in the order of the alphabet. */
function effects(set, mask) {
  const names = sets
    .get(set)
    .filter((_, bit) => (mask >> bit) & 1)
    .sort();
  return names.length === 0 ? 'nothing' : names.join(' + ');
}

/** `agent | state | input | next state | effects` or `home | state | input by role | next state | effects`. */
export function showTransition({ machine, before, role, input, after, out }) {
  if (machine === 'agent') {
    return `agent | ${word('agent-state', before)} | ${word('agent-input', input)} | ${word('agent-state', after)} | ${effects('agent-effect', out)}`;
  }
  const what = word('home-input', input);
  const by = ['trim', 'tick'].includes(what) ? '' : ` by ${word('home-role', role)}`;
  return `home | ${word('home-state', before)} | ${what}${by} | ${word('home-state', after)} | ${effects('home-effect', out)}`;
}

/** What a run printed, as steps for people. */
export function showTrail(output) {
  const steps = [];
  for (const line of output.split('\n')) {
    const [, machine, rest] = /@ (agent|home|say) (.*)/.exec(line) ?? [];
    if (machine === 'say') steps.push(`node ${rest.replace(/^\d+/, (n) => `${Number(n) + 1}`)}`);
    if (machine === 'agent') {
      const [node, before, input, after, out, version] = rest.split(' ');
      steps.push(showStep(`node ${Number(node) + 1}`, { machine, before, input, after, out: Number(out) }, version));
    }
    if (machine === 'home') {
      const [node, before, role, input, after, out, version] = rest.split(' ');
      const from = node === '255' ? 'home' : `home, node ${Number(node) + 1}`;
      steps.push(showStep(from, { machine, before, role, input, after, out: Number(out) }, version));
    }
  }
  return steps;
}

function showStep(who, transition, version) {
  const [, before, input, after, out] = showTransition(transition).split(' | ');
  return `${who}: ${input}: ${before} → ${after} ${version === 'v0' ? '' : version} (${out})`;
}
