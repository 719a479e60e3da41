import { readdirSync } from 'node:fs';
import type { LayerName, Mutant } from '../mutant.js';
import { repository } from '../patch.js';
import type { Check } from './check.js';
import type { SeededWorld } from './seeds-run.js';
import type { VitestOrder } from './vitest-run.js';

const testsLimitMs = 240_000;
const seedsLimitMs = 600_000;

const isOfProtocol = ({ file }: Mutant): boolean => file.startsWith('packages/protocol/');
const isOfMappedMemory = ({ file }: Mutant): boolean => file.startsWith('packages/node/src/mapped/');

/** Unit tests of the protocol beside the scenarios; its codec has no mutants. */
const protocolTests = [
  'test/sim/test/transitions.test.ts',
  'packages/protocol/test/sync-table.test.ts',
  'packages/protocol/test/home-releases.test.ts',
];

function unitTestsOf(mutant: Mutant): readonly string[] {
  if (mutant.tests !== undefined) return mutant.tests;
  return isOfProtocol(mutant) ? protocolTests : testsOfPackage(mutant.file.split('/')[1] ?? '');
}

function testsOfPackage(name: string): readonly string[] {
  const folder = `packages/${name}/test/`;
  return readdirSync(new URL(folder, repository))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => folder + file);
}

const coherence: SeededWorld = {
  machines: { file: 'test/sim/src/machines/coherence/layer.ts', name: 'coherenceLayer' },
  seeds: 1500,
};
const synchronization: SeededWorld = {
  machines: { file: 'test/sim/src/machines/synchronization/layer.ts', name: 'synchronizationLayer' },
  seeds: 1500,
};
const processes: SeededWorld = { processes: 'cluster', seeds: 60 };

function machinesFor(mutant: Mutant): SeededWorld | undefined {
  if (!isOfProtocol(mutant)) return undefined;
  return mutant.file.includes('/sync/') ? synchronization : coherence;
}

/** Tests of vitest, run on the mutated source until the first one fails. */
function testCheck(layer: LayerName, filesFor: (mutant: Mutant) => readonly string[], { needsAll = false } = {}): Check {
  return {
    layer,
    jobFor: (mutant) => {
      const order: VitestOrder = { files: filesFor(mutant), needsAll };
      return order.files.length === 0 ? undefined : { program: 'vitest-run', order, limitMs: testsLimitMs };
    },
  };
}

/** Random runs, each from a seed, of a world made of the mutated source, until the first one breaks a rule. */
function seedsCheck(layer: LayerName, worldFor: (mutant: Mutant) => SeededWorld | undefined): Check {
  return {
    layer,
    jobFor: (mutant) => {
      const order = worldFor(mutant);
      return order && { program: 'seeds-run', order, limitMs: seedsLimitMs };
    },
  };
}

/** Every layer, the quicker ones first. */
export function allChecks(): readonly Check[] {
  return [
    testCheck('scenarios', (mutant) => (isOfProtocol(mutant) ? ['test/sim/test/scenarios.test.ts'] : [])),
    testCheck('unit', (mutant) => (isOfMappedMemory(mutant) ? [] : unitTestsOf(mutant))),
    seedsCheck('machines', machinesFor),
    testCheck('mapped', (mutant) => (isOfMappedMemory(mutant) ? unitTestsOf(mutant) : []), { needsAll: true }),
    // Simulated processes have no kernel under their memory.
    seedsCheck('simulation', (mutant) => (isOfMappedMemory(mutant) ? undefined : processes)),
  ];
}
