import { joinFromEnv } from '@pagewire/node';
import { exampleNamed } from '../catalogue.js';
import type { Job } from '../job.js';
import { ClusterTeam } from './cluster-team.js';
import { outcomeLines } from './outcome-lines.js';

/** One process of a team: what `runOnProcesses` has `pagewire run` start. Argument: the job as JSON. */
const [jobText = ''] = process.argv.slice(2);
// `runOnProcesses` writes it and nobody else.
const job = JSON.parse(jobText) as Job;
const node = await joinFromEnv({ memory: 'mapped' });
try {
  const outcome = await exampleNamed(job.example).run(new ClusterTeam(node), job);
  if (outcome !== undefined) process.stdout.write(outcomeLines(outcome));
} finally {
  await node.close();
}
