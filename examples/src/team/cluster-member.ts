import { writeFileSync } from 'node:fs';
import { joinFromEnv } from '@pagewire/node';
import { exampleNamed } from '../catalogue.js';
import type { Job } from '../job.js';
import { ClusterTeam } from './cluster-team.js';

/** One process of a team: what `runOnProcesses` has `pagewire run` start. Arguments: the job as JSON, and the file for the outcome. */
const [jobText = '', outcomeFile = ''] = process.argv.slice(2);
// `runOnProcesses` writes it and nobody else.
const job = JSON.parse(jobText) as Job;
const node = await joinFromEnv({ memory: 'mapped' });
try {
  const outcome = await exampleNamed(job.example).run(new ClusterTeam(node), job);
  if (outcome !== undefined) writeFileSync(outcomeFile, JSON.stringify(outcome));
} finally {
  await node.close();
}
