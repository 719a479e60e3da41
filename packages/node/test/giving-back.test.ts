import { expect, it } from 'vitest';
import { GivingBack } from '../src/giving-back.js';
import { PagerWorld, pageBytes } from './pager-world.js';

const patienceMs = 100;

/** A node with 40 written pages that it gives back 4 at a time, and whether the wait for that is over. */
async function givingBack() {
  const world = new PagerWorld({ nodes: 1, pages: 40, windowPages: 4 });
  const { region, pager } = world.node(0);
  await world.settle(region.write(0, new Uint8Array(40 * pageBytes)));
  const waits = new GivingBack(pager, patienceMs);
  world.heldBack.add('released');
  const outcome = { over: false };
  void waits.released(world.now).then(() => {
    outcome.over = true;
  });
  const pass = async (ms: number): Promise<void> => {
    world.pass(ms);
    waits.tick(world.now);
    await world.deliver();
  };
  return { world, pager, outcome, pass };
}

it('a wait for pages to be given back goes on while some are, and ends when all are', async () => {
  const { world, pager, outcome, pass } = await givingBack();
  for (let window = 1; window < 5; window++) {
    await pass(patienceMs - 1);
    world.deliverOne('released');
    expect(outcome.over).toBe(false);
  }
  expect(pager.heldPages).toBeLessThan(40);
  world.heldBack.clear();
  await world.deliver();
  await pass(1);
  expect(pager.heldPages).toBe(0);
  expect(outcome.over).toBe(true);
});

it('a wait for pages to be given back ends when nothing moves', async () => {
  const { pager, outcome, pass } = await givingBack();
  await pass(patienceMs - 1);
  expect(outcome.over).toBe(false);
  await pass(1);
  expect(outcome.over).toBe(true);
  expect(pager.heldPages).toBe(40);
});
