// Says who it is and what it was given.
import { joinFromEnv } from '@pagewire/node';

const node = await joinFromEnv();
const { name, rank, size, memory } = node;
console.log(JSON.stringify({ name, rank, size, memory, args: process.argv.slice(2), state: node.state }));
await node.close();
