import type { Mutant, MutantGroup } from './mutant.js';
import { agentMutants } from './mutants/agent.js';
import { driverMutants } from './mutants/driver.js';
import { homeMutants } from './mutants/home.js';
import { linkSessionMutants } from './mutants/link-sessions.js';
import { mappedMemoryMutants } from './mutants/mapped-memory.js';
import { membershipMutants } from './mutants/membership-and-leases.js';
import { regionAccessMutants } from './mutants/region-access.js';
import { repairMutants } from './mutants/repair-after-death.js';
import { synchronizationMutants } from './mutants/synchronization.js';

export const mutantGroups: readonly MutantGroup[] = [
  homeMutants,
  agentMutants,
  repairMutants,
  synchronizationMutants,
  membershipMutants,
  driverMutants,
  mappedMemoryMutants,
  linkSessionMutants,
  regionAccessMutants,
];

export const allMutants: readonly Mutant[] = mutantGroups.flatMap(({ mutants }) => mutants);
