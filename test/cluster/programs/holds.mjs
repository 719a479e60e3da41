// Takes a lock, two permits of three and part in a barrier, stores 1 to the region "cells" without notifying, and stays until it is killed.
import { join } from '@pagewire/node';

const [coordinator, memory] = process.argv.slice(2);
// It ends with its parent, however that comes.
process.on('disconnect', () => process.exit());
const node = await join({ coordinator, memory, name: 'holder' });
const region = await node.region('cells', { bytes: 8192 });
const held = await node.lock('jobs').acquire();
await node.semaphore('pool', 3).acquire({ count: 2 });
node.barrier('step', 2).arrive().catch(console.error);
await region.atomics.store('int32', 0, 1);
// Nobody relies on a store that is not confirmed: another request behind it makes sure that it is.
await node.lock('confirmed').acquire();
console.log(`holding ${held.token}`);
