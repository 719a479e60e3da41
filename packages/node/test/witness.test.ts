import type { Performed, Witness } from '@pagewire/protocol';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEachWorld } from './pager-world.js';

/** Takes what accesses tell of when they were performed. */
function listener(): { readonly performed: Performed; readonly witnesses: Witness[]; readonly confirmed: (Promise<void> | undefined)[] } {
  const witnesses: Witness[] = [];
  const confirmed: (Promise<void> | undefined)[] = [];
  const performed: Performed = (witness, whenConfirmed) => {
    witnesses.push(witness);
    confirmed.push(whenConfirmed);
  };
  return { performed, witnesses, confirmed };
}

afterEach(() => vi.restoreAllMocks());

const one = { op: 'add', type: 'int32', operand: 1, replacement: 0 } as const;

describeEachWorld('a witnessed access', ({ worldOf, pageBytes }) => {
  it('names the tenure by its version, and its place in it by a serial that grows over all pages', async () => {
    const world = worldOf({ nodes: 2, pages: 2 });
    const [a, b] = [world.node(0), world.node(1)];
    const { performed, witnesses } = listener();
    await world.settle(a.region.witnessed.write(0, Uint8Array.of(1), performed));
    await world.settle(a.region.witnessed.operate(8, one, performed));
    await world.settle(a.region.witnessed.write(pageBytes, Uint8Array.of(1), performed));
    await world.settle(b.region.witnessed.read(0, 1, performed));
    await world.settle(a.region.witnessed.read(0, 1, performed));
    await world.settle(a.region.witnessed.write(0, Uint8Array.of(2), performed));
    await world.settle(b.region.witnessed.operate(8, one, performed));
    const [first, second] = [a.id, b.id];
    expect(witnesses).toEqual([
      { incarnation: first, version: 1, serial: 1 },
      { incarnation: first, version: 1, serial: 2 },
      { incarnation: first, version: 1, serial: 3 },
      { incarnation: second, version: 1, serial: 1 },
      { incarnation: first, version: 1, serial: 4 },
      { incarnation: first, version: 2, serial: 5 },
      { incarnation: second, version: 3, serial: 2 },
    ]);
  });

  it('that waits for its page is told of when it is performed, in the order in which that happens', async () => {
    const world = worldOf({ nodes: 2, pages: 1 });
    const { region } = world.node(0);
    const { performed, witnesses } = listener();
    const reading = region.witnessed.read(0, 4, performed);
    const adding = region.witnessed.operate(0, one, performed);
    const writing = region.witnessed.write(4, Uint8Array.of(9), performed);
    expect(witnesses).toEqual([]);
    world.deliverAtOnce();
    expect(witnesses.map(({ serial }) => serial)).toEqual([1, 2, 3]);
    await world.settle(Promise.all([reading, adding, writing]));
  });

  it('is confirmed when its grant is, and not by being done', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { performed, confirmed } = listener();
    world.heldBack.add('settled');
    await world.settle(world.node(0).region.witnessed.write(0, Uint8Array.of(1), performed));
    let isConfirmed = false;
    void confirmed[0]?.then(() => {
      isConfirmed = true;
    });
    await world.deliver();
    expect(isConfirmed).toBe(false);
    world.heldBack.clear();
    await world.deliver();
    expect(isConfirmed).toBe(true);
    await world.settle(world.node(0).region.witnessed.read(0, 1, performed));
    expect(confirmed[1]).toBeUndefined();
  });

  it('is not confirmed any more when its node ends first', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { performed, confirmed } = listener();
    world.heldBack.add('settled');
    await world.settle(world.node(0).region.witnessed.write(0, Uint8Array.of(1), performed));
    world.node(0).pager.end({ code: 'fenced', message: 'the node was fenced' });
    await expect(confirmed[0]).rejects.toMatchObject({ code: 'outcome-unknown' });
  });

  it('lies on one page', async () => {
    const world = worldOf({ nodes: 1, pages: 2 });
    const { region } = world.node(0);
    const { performed, witnesses } = listener();
    const refused = [
      region.witnessed.read(pageBytes - 1, 2, performed),
      region.witnessed.read(0, 0, performed),
      region.witnessed.write(0, new Uint8Array(pageBytes + 1), performed),
      region.witnessed.write(0, new Uint8Array(0), performed),
    ];
    for (const access of refused) await expect(access).rejects.toMatchObject({ code: 'bad-argument' });
    expect(witnesses).toEqual([]);
  });

  it('is refused when there is nobody to tell it to', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    // Programs in JavaScript can pass anything.
    const nobody = undefined as unknown as Performed;
    await expect(world.node(0).region.witnessed.read(0, 1, nobody)).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(world.node(0).region.witnessed.operate(0, one, nobody)).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('is done, and its page goes on, also when who is told throws', async () => {
    const world = worldOf({ nodes: 2, pages: 1 });
    const thrown: (() => void)[] = [];
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) => void thrown.push(callback));
    const deaf = (): never => {
      throw new Error('not now');
    };
    await world.settle(world.node(0).region.witnessed.write(0, Uint8Array.of(5), deaf));
    expect(await world.settle(world.node(1).region.read(0, 1))).toEqual(Uint8Array.of(5));
    expect(thrown).toHaveLength(1);
    expect(thrown[0]).toThrow('not now');
  });

  it('has no witness when it fails', async () => {
    const world = worldOf({ nodes: 2, pages: 1 });
    const { performed, witnesses } = listener();
    const reading = world.node(0).region.witnessed.read(0, 1, performed);
    world.node(0).pager.end({ code: 'fenced', message: 'the node was fenced' });
    await expect(reading).rejects.toMatchObject({ code: 'fenced' });
    expect(witnesses).toEqual([]);
  });
});
