import { join, type Region } from '@pagewire/node';
import { readAll } from './call-access.js';
import { realClock } from './moments.js';
import { type Answer, type Call, clockUs, type NodeCalls, type NodeStart, pageBytes } from './orders.js';
import { runByCalls, runPlainly } from './run-lanes.js';

// A node of its own in a process of its own, which does what the process that started it says.

// `NodeProcess` wrote the argument.
const { name, coordinator, memory, faultTimeoutMs } = JSON.parse(process.argv[2] ?? '') as NodeStart;
const node = await join({ name, coordinator, memory, faultTimeoutMs });
const regions = new Map<string, Region>();

function regionNamed(region: string): Region {
  const found = regions.get(region);
  if (found === undefined) throw new Error(`region ${region} is not open`);
  return found;
}

const calls: NodeCalls = {
  open: async (region, bytes) => {
    regions.set(region, await node.region(region, { bytes, pageBytes }));
  },
  close: async (region, deletes) => {
    if (deletes) await node.deleteRegion(region);
    await regionNamed(region).close();
    regions.delete(region);
  },
  warmUp: async (region, touches) => {
    const touch = async ({ page, right }: (typeof touches)[number]) =>
      await regionNamed(region).prefetch(page * pageBytes, pageBytes, right);
    await Promise.all(touches.map(touch));
  },
  run: async (region, order) => {
    const report = order.plainly ? runPlainly(regionNamed(region), order) : await runByCalls(regionNamed(region), order);
    if (order.diesAtUs !== undefined) {
      const atUs = order.startsAtUs + order.diesAtUs;
      if (clockUs() < atUs) await realClock().until(atUs);
      process.kill(process.pid, 'SIGKILL');
    }
    return report;
  },
  read: async (region, offsets) => await readAll(regionNamed(region), offsets),
  incarnation: async () => {
    while (node.state !== 'live') await new Promise((resolve) => setTimeout(resolve, 10));
    return node.incarnation;
  },
};

async function answer(call: Call): Promise<Answer> {
  try {
    // Arguments are those of the method that they came with.
    const method = calls[call.name] as (...args: readonly unknown[]) => Promise<unknown>;
    return { id: call.id, value: await method(...call.args) };
  } catch (error) {
    return { id: call.id, error: error instanceof Error ? error.message : String(error) };
  }
}

// Ctrl-C goes to all processes of a terminal; the one that started this one decides.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', async (call: Call) => {
  const value = await answer(call);
  if (process.connected) process.send?.(value);
});
process.send?.({ id: 0 });
