// A mapped program: a node whose thread increments counters and writes and reads pages plainly, as its parent tells it.
import { Worker } from 'node:worker_threads';
import { type JoinOptions, join, PagewireError, type Region } from '@pagewire/node';
import type { Batch, BatchDone, ProgramCall, ProgramReply, ProgramRequest } from './calls.js';

// A terminal's Ctrl-C reaches the whole process group; the parent decides when this process ends.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());

const reply = (answer: ProgramReply): void => {
  if (process.connected) process.send?.(answer);
};

// The parent writes the options; what is wrong with them `join` says.
const options = JSON.parse(process.argv[2] ?? '{}') as JoinOptions;
const node = await join(options);
const opened = new Map<string, { readonly region: Region; readonly thread: Worker }>();

async function open(name: string, bytes: number): Promise<void> {
  if (opened.has(name)) return;
  const region = await node.region(name, { bytes });
  const thread = new Worker(new URL('./program-thread.js', import.meta.url), { workerData: region.buffer });
  opened.set(name, { region, thread });
}

async function close(name: string): Promise<void> {
  const found = opened.get(name);
  opened.delete(name);
  // No thread may touch the buffer of a closed handle.
  await found?.thread.terminate();
  await found?.region.close();
}

async function perform(batch: Batch): Promise<BatchDone> {
  const found = opened.get(batch.region);
  if (found === undefined) throw new Error(`region ${batch.region} is not open`);
  const done = await new Promise<BatchDone>((resolve, reject) => {
    found.thread.once('message', resolve);
    found.thread.once('error', reject);
    found.thread.postMessage(batch);
  });
  // What was stored is not promised to anybody before the cluster has confirmed it: notify waits for that.
  await found.region.notify(0, 1);
  return done;
}

function act(call: ProgramCall): Promise<unknown> {
  switch (call.do) {
    case 'open':
      return open(call.region, call.bytes);
    case 'close':
      return close(call.region);
    case 'batch':
      return perform(call.batch);
    case 'leave':
      return leave();
  }
}

async function leave(): Promise<void> {
  for (const name of [...opened.keys()]) await close(name);
  await node.close();
}

process.on('message', async ({ id, call }: ProgramRequest) => {
  try {
    reply({ id, value: await act(call) });
    if (call.do === 'leave') process.disconnect();
  } catch (error) {
    const code = error instanceof PagewireError ? error.code : 'none';
    reply({ id, failure: { code, message: error instanceof Error ? error.message : String(error) } });
  }
});
reply({ id: 0 });
