import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Taking, type Toll, torture } from './torture.js';
import { here, unlessHere, World } from './world.js';

const pages = 8;
const deadlineMs = 60_000;

describe.skipIf(!here.supported)(`taking pages from running writers${unlessHere}`, () => {
  let world: World;
  beforeEach(() => {
    world = new World(16);
  });
  afterEach(() => world.close());

  /** Tortures until something was lost. It ends by the test's deadline where nothing ever is. */
  async function untilLost(taking: Taking): Promise<Toll> {
    for (let seed = 1; ; seed++) {
      const toll = await torture(world, { pages, takes: 500, taking, seed });
      if (toll.lost > 0) return toll;
    }
  }

  test('loses no increment when a page is protected, copied, dropped and woken, in this order', { timeout: deadlineMs }, async () => {
    const takes = 5_000;
    const toll = await torture(world, { pages, takes, taking: ['protect', 'copy', 'drop', 'wake'], seed: 7 });
    expect(toll.lost).toBe(0);
    expect(toll.taken).toBeGreaterThanOrEqual(takes);
    expect(toll.increments).toBeGreaterThanOrEqual(takes);
  });

  test('loses increments when a page is copied before it is protected', { timeout: deadlineMs }, async () => {
    const toll = await untilLost(['copy', 'protect', 'drop', 'wake']);
    expect(toll.lost).toBeGreaterThan(0);
  });

  test('loses increments when a page is not protected at all', { timeout: deadlineMs }, async () => {
    const toll = await untilLost(['copy', 'drop', 'wake']);
    expect(toll.lost).toBeGreaterThan(0);
  });
});
