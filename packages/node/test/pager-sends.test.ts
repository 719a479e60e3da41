import type { Right } from '@pagewire/protocol';
import { expect, it, vi } from 'vitest';
import type { PageMemory } from '../src/memory.js';
import { describeEachWorld } from './pager-world.js';

describeEachWorld('what leaves a node', ({ worldOf, pageBytes }) => {
  it('leaves after the changes that it tells of hold for every thread', async () => {
    const world = worldOf({ nodes: 3, pages: 4 });
    const changed = new Set<PageMemory>();
    for (const { memory } of world.nodes.map(({ paged }) => paged)) {
      for (const change of ['permit', 'protect', 'revoke'] as const) {
        const make = memory[change].bind(memory) as (index: number, right: Right) => void;
        vi.spyOn(memory, change).mockImplementation((index: number, right?: Right) => {
          make(index, right ?? 'readonly');
          // It may have flushed what came before it.
          changed.add(memory);
        });
      }
      const flush = memory.flush.bind(memory);
      vi.spyOn(memory, 'flush').mockImplementation(() => {
        changed.delete(memory);
        flush();
      });
    }
    const early: string[] = [];
    const sent = new Set<string>();
    world.onSend = (kind) => {
      sent.add(kind);
      early.push(...Array.from(changed, () => kind));
    };
    await world.settle(Promise.all(world.nodes.map(({ region }) => region.read(0, 4 * pageBytes))));
    await world.settle(Promise.all(world.nodes.map(({ region, id }) => region.write(id * pageBytes, Uint8Array.of(id)))));
    await world.settle(world.node(0).region.read(0, 4 * pageBytes));
    expect([...sent]).toEqual(expect.arrayContaining(['acquire', 'acquired', 'invalidated', 'page', 'downgraded']));
    expect(early).toEqual([]);
  });
});
