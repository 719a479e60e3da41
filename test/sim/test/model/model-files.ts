import { readFileSync } from 'node:fs';
import type { Bounds } from './bounded-run.js';

const read = (name: string): string => readFileSync(new URL(`../../../../model/${name}`, import.meta.url), 'utf8');
const lines = (name: string): string[] =>
  read(name)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

/** One step of a schedule, and the transitions that the model makes in it. */
export interface ScheduledStep {
  readonly move: string;
  readonly first: number;
  readonly second: number;
  readonly transitions: readonly string[];
}

/** A run of the model: how many nodes are there at the start, and its steps. */
export interface Schedule {
  readonly members: number;
  readonly steps: readonly ScheduledStep[];
}

export const modelTransitions: readonly string[] = lines('transitions.txt');

export const modelSchedules: readonly Schedule[] = lines('schedules.txt').map((line) => {
  const [members, ...words] = line.split(' ');
  const steps: (ScheduledStep & { readonly transitions: string[] })[] = [];
  for (const word of words) {
    if (word.startsWith('#')) steps.at(-1)?.transitions.push(modelTransitions[Number(word.slice(1)) - 1] ?? `no transition ${word}`);
    else steps.push({ move: word.slice(0, 1), first: Number(word[1]), second: Number(word[2]), transitions: [] });
  }
  return { members: Number(members), steps };
});

interface Configuration extends Bounds {
  readonly name: string;
  readonly quick: boolean;
}

/** The bounds within which the model has made every transition that it can. The file is ours: its form is that of {@link Bounds}. */
export const quickConfigurations: readonly Configuration[] = (JSON.parse(read('configurations.json')) as readonly Configuration[]).filter(
  ({ quick }) => quick,
);
