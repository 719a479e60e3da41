import type { Example } from './example.js';
import { kmeans } from './kmeans/kmeans.js';
import { matmul } from './matmul/matmul.js';
import { pagerank } from './pagerank/pagerank.js';
import { sharedMemoryProof } from './proof/proof.js';
import { sor } from './sor/sor.js';
import { wasm } from './wasm/wasm.js';
import { wordcount } from './wordcount/wordcount.js';

export const catalogue: readonly Example[] = [sor, kmeans, pagerank, wordcount, matmul, wasm, sharedMemoryProof];

export function exampleNamed(name: string): Example {
  const found = catalogue.find((example) => example.name === name);
  if (found === undefined)
    throw new RangeError(`there is no example "${name}": choose one of ${catalogue.map((example) => example.name).join(', ')}`);
  return found;
}
