import { describe, expect, it } from 'vitest';
import { PageLayout } from '../../examples/src/page-layout.js';
import { overtaken } from '../../examples/src/proof/proof.js';
import { RingBuffer } from '../../examples/src/proof/ring-buffer.js';
import { Seqlock } from '../../examples/src/proof/seqlock.js';
import { SpinLock } from '../../examples/src/proof/spin-lock.js';
import { slotBytes, WordTable } from '../../examples/src/wordcount/word-table.js';
import { hashOf } from '../../examples/src/wordcount/words.js';

describe('the ring buffer', () => {
  const ringOf = (capacity: number): RingBuffer => {
    const ring = new RingBuffer(new SharedArrayBuffer(RingBuffer.bytes(capacity) + 64), 64, capacity);
    ring.reset();
    return ring;
  };

  it('gives values back in the order in which they came, many rounds long', () => {
    const ring = ringOf(4);
    const out = Array.from({ length: 50 }, (_, round) => {
      const [first, second] = [ring.push(2 * round), ring.push(2 * round + 1)];
      return [first, second, ring.pop(), ring.pop()];
    });
    expect(out).toEqual(Array.from({ length: 50 }, (_, round) => [true, true, 2 * round, 2 * round + 1]));
  });

  it('takes as many values as it has slots, and one more for each that was taken out', () => {
    const ring = ringOf(4);
    expect([1, 2, 3, 4, 5].map((value) => ring.push(value))).toEqual([true, true, true, true, false]);
    expect(ring.pop()).toBe(1);
    expect([5, 6].map((value) => ring.push(value))).toEqual([true, false]);
  });

  it('has nothing to give when it is empty, and counts what it gave', () => {
    const ring = ringOf(2);
    expect(ring.pop()).toBeUndefined();
    ring.push(7);
    expect([ring.pop(), ring.pop(), ring.popped]).toEqual([7, undefined, 1]);
  });

  it('is one queue to all who look at its buffer', () => {
    const buffer = new SharedArrayBuffer(RingBuffer.bytes(4));
    const [here, there] = [new RingBuffer(buffer, 0, 4), new RingBuffer(buffer, 0, 4)];
    here.reset();
    here.push(3);
    expect([there.pop(), here.pop()]).toEqual([3, undefined]);
  });
});

describe('the order of values in a log', () => {
  it('is judged for each producer by itself', () => {
    expect(overtaken([10, 0, 11, 1, 2, 12], 10)).toBe(0);
    expect(overtaken([10, 1, 0, 12, 11], 10)).toBe(2);
  });
});

describe('the spin lock', () => {
  it('is free again after its work has thrown', () => {
    const lock = new SpinLock(new SharedArrayBuffer(4), 0);
    const failing = (): void => {
      throw new Error('work failed');
    };
    expect(() => lock.hold(failing)).toThrow('work failed');
    let held = false;
    lock.hold(() => {
      held = true;
    });
    expect(held).toBe(true);
  });

  it('is held while its work runs', () => {
    const buffer = new SharedArrayBuffer(4);
    let cell = 0;
    new SpinLock(buffer, 0).hold(() => {
      cell = Atomics.load(new Int32Array(buffer), 0);
    });
    expect([cell, Atomics.load(new Int32Array(buffer), 0)]).toEqual([1, 0]);
  });
});

describe('the seqlock', () => {
  const places = { sequence: 0, left: 4, right: 8 };

  it('gives the pair that was written last', () => {
    const pair = new Seqlock(new SharedArrayBuffer(12), places);
    pair.write([1, -1]);
    pair.write([5, 6]);
    expect(pair.tryRead()).toEqual([5, 6]);
  });

  it('gives nothing while a write is under way', () => {
    const buffer = new SharedArrayBuffer(12);
    const pair = new Seqlock(buffer, places);
    Atomics.add(new Int32Array(buffer), 0, 1);
    expect(pair.tryRead()).toBeUndefined();
  });
});

describe('the word table', () => {
  const layout = { slots: 8, slotsOffset: 0, arenaOffsets: [4096, 8192], arenaBytes: 64 };
  const tableOfTwo = (): [WordTable, WordTable] => {
    const buffer = new SharedArrayBuffer(12_288);
    return [new WordTable(buffer, layout, 0), new WordTable(buffer, layout, 1)];
  };

  it('adds up what several members count, whoever found a word first', () => {
    const [one, other] = tableOfTwo();
    for (const word of ['page', 'fault', 'home']) one.add(word, 2);
    for (const word of ['home', 'page', 'owner']) other.add(word, 3);
    const expected = { page: 5, fault: 2, home: 5, owner: 3 };
    expect(Object.fromEntries(one.entries())).toEqual(expected);
    expect(Object.fromEntries(other.entries())).toEqual(expected);
  });

  it('keeps all words apart when it is full, and says so when one more comes', () => {
    const [table] = tableOfTwo();
    const words = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    words.forEach((word, index) => {
      table.add(word, index + 1);
    });
    expect(new Map(table.entries())).toEqual(new Map(words.map((word, index) => [word, index + 1])));
    expect(() => table.add('i', 1)).toThrow('all 8 slots of the word table are taken');
  });

  it('tells words with the same hash apart', () => {
    expect(hashOf('yaczf')).toBe(hashOf('glbpp'));
    const [table] = tableOfTwo();
    table.add('yaczf', 1);
    table.add('glbpp', 2);
    expect(Object.fromEntries(table.entries())).toEqual({ yaczf: 1, glbpp: 2 });
  });

  it('says when a member has no room for more letters', () => {
    const [table] = tableOfTwo();
    expect(() => table.add('x'.repeat(65), 1)).toThrow('no room for more letters');
  });

  it('is empty after all members have cleared it', () => {
    const [one, other] = tableOfTwo();
    one.add('page', 1);
    other.add('fault', 1);
    one.clear(2);
    other.clear(2);
    expect([...one.entries()]).toEqual([]);
    expect(slotBytes(8)).toBe(128);
  });
});

describe('a page layout', () => {
  it('begins each part on a page of its own', () => {
    const layout = new PageLayout();
    expect([layout.take(1), layout.take(4096), layout.take(4097), layout.take(8)]).toEqual([0, 4096, 8192, 16_384]);
    expect(layout.bytes).toBe(20_480);
  });
});
