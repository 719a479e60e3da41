// Rank 0 ends with the code that its argument says, when every other rank has said (in a region) that it is there.
import { joinFromEnv } from '@pagewire/node';

const node = await joinFromEnv();
const region = await node.region('there', { bytes: 4096 });
const [code, onTerm] = process.argv.slice(2);
if (onTerm === 'deaf') process.on('SIGTERM', () => console.log('heard it'));
if (onTerm === 'tidy')
  process.on('SIGTERM', () => {
    console.log('tidied up');
    process.exit(0);
  });
await region.atomics.add('int32', 0, 1);
console.log(`there ${process.pid}`);
if (node.rank === 0) {
  while ((await region.atomics.load('int32', 0)) < node.size) await new Promise((resolve) => setTimeout(resolve, 5));
  process.exit(Number(code));
}
