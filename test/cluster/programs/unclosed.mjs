// Rank 1 ends without close() and with a lock that rank 0 wants: it gets that once the coordinator has given rank 1 up.
import { joinFromEnv } from '@pagewire/node';

const node = await joinFromEnv();
const lock = node.lock('held');
const held = node.rank === 1 ? await lock.acquire() : undefined;
await node.barrier('held', node.size).arrive();
if (held !== undefined) process.exit(0);
await lock.acquire();
console.log('has the lock');
await node.close();
