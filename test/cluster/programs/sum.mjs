// Every rank adds to one counter a hundred times, waits for the others, and says what it then reads.
import { joinFromEnv } from '@pagewire/node';

const node = await joinFromEnv();
const region = await node.region('sum', { bytes: 8192 });
await Promise.all(Array.from({ length: 100 }, () => region.atomics.add('int32', 0, 1)));
await region.atomics.add('int32', 4096, 1);
while ((await region.atomics.load('int32', 4096)) < node.size) await new Promise((resolve) => setTimeout(resolve, 5));
console.log(await region.atomics.load('int32', 0));
await node.close();
