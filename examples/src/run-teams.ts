import type { Place, Request } from './command-line.js';
import type { Job } from './job.js';
import type { TeamRun } from './report.js';
import { insistOnMappedMemory, runOnProcesses } from './team/run-on-processes.js';
import { runOnThreads } from './team/run-on-threads.js';

export interface TeamsOptions {
  readonly colours: boolean;
  /** Told which team is at work. */
  readonly say: (text: string) => void;
  /** Starts a team; tests put their own in. */
  readonly start?: Readonly<Record<Place, typeof runOnThreads>>;
  readonly insist?: () => void;
}

const starts: Readonly<Record<Place, typeof runOnThreads>> = { threads: runOnThreads, processes: runOnProcesses };

/** Runs what was asked for, one team after the other. Rejects before the first where the machine cannot have one of them. */
export async function runTeams(
  request: Request,
  { colours, say, start = starts, insist = insistOnMappedMemory }: TeamsOptions,
): Promise<TeamRun[]> {
  const { example, places, members, settings, repetitions, png } = request;
  if (places.includes('processes')) insist();
  const job: Job = { example: example.name, settings, repetitions, png, colours };
  const teams: TeamRun[] = [];
  for (const place of places) {
    say(`${example.name}: on ${members[place]} ${place} …`);
    teams.push({ on: place, members: members[place], outcome: await start[place](job, members[place]) });
  }
  return teams;
}
