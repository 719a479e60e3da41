import { type Right, regionId } from '@pagewire/protocol';
import { describe, expect, it } from 'vitest';
import { Residence, residenceUs } from '../src/mapped/residence.js';
import { PagedRegion } from '../src/paged-region.js';
import { SoftwareMemory } from '../src/software-memory.js';

const record = { region: regionId(1), name: 'r', bytes: 8 * 64, pageBytes: 64 };
const region = new PagedRegion(record, new SoftwareMemory(record));

/** A residence by a clock that stands still, with threads that run when the test says so. */
class Bench {
  nowUs = 0;
  /** When the alarm goes off; `undefined` when nothing is armed. */
  alarmUs: number | undefined;
  arms = 0;
  life = 1;
  readonly events: string[] = [];
  /** How long each thread has run; one that is missing is not to be known. */
  readonly ran = new Map<number, number>([[1, 100]]);
  readonly residence = new Residence({
    pager: this.#pager(),
    alarm: {
      arm: (us) => {
        this.arms += 1;
        this.alarmUs = this.nowUs + us;
      },
    },
    now: () => this.nowUs / 1000,
    turnsOf: (threadId) => this.ran.get(threadId),
  });

  hold(index: number, threads: readonly number[] = [1], right: Right = 'exclusive'): void {
    this.residence.hold({ region, index, right }, threads);
  }

  /** The time passes until the alarm, and it goes off. */
  ring(): void {
    this.nowUs = this.alarmUs ?? Number.NaN;
    this.alarmUs = undefined;
    this.residence.expire();
  }

  /** Rings until page `index` is let go; how long it stayed. */
  stayUs(index: number): number {
    const from = this.at;
    for (let rings = 0; rings < 100 && !this.events.includes(`unpin ${index}`); rings++) this.ring();
    this.events.length = 0;
    return this.at - from;
  }

  /** The time in microseconds, but for what is lost in fractions of milliseconds. */
  get at(): number {
    return Math.round(this.nowUs / 10) * 10;
  }

  run(threadId: number): void {
    this.ran.set(threadId, (this.ran.get(threadId) ?? 0) + 1);
  }

  #pager() {
    const bench = this;
    return {
      get life() {
        return bench.life;
      },
      pin: (_region: PagedRegion, index: number, right: Right) => void bench.events.push(`pin ${index} ${right}`),
      unpin: ({ first, life }: { first: number; life: number }) =>
        void bench.events.push(life === bench.life ? `unpin ${first}` : `unpin ${first} of life ${life}`),
    };
  }
}

describe('the residence of a page', () => {
  it('ends after the first stay when the thread that waited has run', () => {
    const bench = new Bench();
    bench.hold(3);
    expect(bench.events).toEqual(['pin 3 exclusive']);
    bench.run(1);
    expect(bench.stayUs(3)).toBe(residenceUs.first);
    expect(bench.alarmUs).toBeUndefined();
  });

  it('goes on while the thread has not run, each time for twice as long', () => {
    const bench = new Bench();
    bench.hold(3);
    bench.ring();
    bench.ring();
    expect([bench.events, bench.at]).toEqual([['pin 3 exclusive'], residenceUs.first * 3]);
    bench.run(1);
    bench.ring();
    expect([bench.events.at(-1), bench.at]).toEqual(['unpin 3', residenceUs.first * 7]);
  });

  it('waits for the last of several threads', () => {
    const bench = new Bench();
    bench.ran.set(2, 5);
    bench.hold(3, [1, 2]);
    bench.run(2);
    bench.ring();
    expect(bench.events).toEqual(['pin 3 exclusive']);
    bench.run(1);
    bench.ring();
    expect(bench.events).toEqual(['pin 3 exclusive', 'unpin 3']);
  });

  it('ends at last although the thread never runs', () => {
    const bench = new Bench();
    bench.hold(3);
    expect(bench.stayUs(3)).toBe(2 * residenceUs.longest - residenceUs.first);
  });

  it('ends when the thread has ended', () => {
    const bench = new Bench();
    bench.hold(3);
    bench.ran.delete(1);
    expect(bench.stayUs(3)).toBe(residenceUs.first);
  });

  it('of one page does not end with that of another', () => {
    const bench = new Bench();
    bench.hold(3);
    bench.nowUs = 150;
    bench.hold(4);
    bench.run(1);
    bench.ring();
    expect([bench.events, bench.at]).toEqual([['pin 3 exclusive', 'pin 4 exclusive', 'unpin 3'], 200]);
    bench.ring();
    expect([bench.events.at(-1), bench.at]).toEqual(['unpin 4', 350]);
  });

  it('needs one alarm for all that come until it rings', () => {
    const bench = new Bench();
    bench.hold(3);
    for (const index of [4, 5, 6]) {
      bench.nowUs += 10;
      bench.hold(index);
    }
    expect([bench.arms, bench.alarmUs]).toEqual([1, residenceUs.first]);
  });

  it('begins anew with the right to store, and never lets the page go in between', () => {
    const bench = new Bench();
    bench.hold(3, [1], 'readonly');
    bench.nowUs = 120;
    bench.hold(3, [1], 'exclusive');
    expect(bench.events).toEqual(['pin 3 readonly', 'pin 3 exclusive', 'unpin 3']);
    bench.run(1);
    bench.ring();
    expect(bench.events).toHaveLength(3);
    bench.ring();
    expect([bench.events.at(-1), bench.at]).toEqual(['unpin 3', 120 + residenceUs.first]);
  });

  it('that has begun anew still waits for the threads that were there to load', () => {
    const bench = new Bench();
    bench.ran.set(2, 5);
    bench.hold(3, [1], 'readonly');
    bench.hold(3, [2], 'exclusive');
    bench.run(2);
    bench.ring();
    expect(bench.events.at(-1)).toBe('unpin 3');
    expect(bench.events).toHaveLength(3);
    bench.run(1);
    bench.ring();
    expect(bench.events).toHaveLength(4);
  });

  it('belongs to the life in which it began', () => {
    const bench = new Bench();
    bench.hold(3);
    bench.life = 2;
    bench.run(1);
    bench.ring();
    expect(bench.events.at(-1)).toBe('unpin 3 of life 1');
  });

  it('may be looked at too early', () => {
    const bench = new Bench();
    bench.hold(3);
    bench.run(1);
    bench.nowUs = residenceUs.first - 10;
    bench.residence.expire();
    expect(bench.events).toEqual(['pin 3 exclusive']);
    bench.ring();
    expect([bench.events.at(-1), bench.at]).toEqual(['unpin 3', residenceUs.first]);
  });
});

describe('the residence of a page where nobody knows how long a thread has run', () => {
  const unknown = [9];

  it('grows when the page is faulted on again soon, up to the longest', () => {
    const bench = new Bench();
    const stays = Array.from({ length: 10 }, () => {
      bench.hold(3, unknown);
      return bench.stayUs(3);
    });
    expect(stays.slice(0, 4)).toEqual([1, 2, 4, 8].map((times) => times * residenceUs.first));
    expect(stays.at(-1)).toBe(residenceUs.longest);
  });

  it('is the first again when the page was not wanted for a while', () => {
    const bench = new Bench();
    bench.hold(3, unknown);
    bench.stayUs(3);
    bench.nowUs += 17 * residenceUs.first;
    bench.hold(3, unknown);
    expect(bench.stayUs(3)).toBe(residenceUs.first);
  });

  it('grows for each page by itself', () => {
    const bench = new Bench();
    bench.hold(3, unknown);
    bench.stayUs(3);
    bench.hold(4, unknown);
    expect(bench.stayUs(4)).toBe(residenceUs.first);
  });

  it('waits for the threads of which it is known', () => {
    const bench = new Bench();
    bench.hold(3, [9, 1]);
    bench.ring();
    expect(bench.events).toEqual(['pin 3 exclusive']);
    bench.run(1);
    bench.ring();
    expect(bench.events.at(-1)).toBe('unpin 3');
  });

  it('is remembered of so many pages only, the oldest is forgotten first', () => {
    const vast = { region: regionId(2), name: 'vast', bytes: 4100 * 64, pageBytes: 64 };
    const pages = new PagedRegion(vast, new SoftwareMemory(vast));
    const bench = new Bench();
    for (let index = 0; index < 4097; index++) bench.residence.hold({ region: pages, index, right: 'readonly' }, unknown);
    bench.ring();
    bench.events.length = 0;
    bench.residence.hold({ region: pages, index: 0, right: 'readonly' }, unknown);
    expect(bench.stayUs(0)).toBe(residenceUs.first);
    bench.residence.hold({ region: pages, index: 4096, right: 'readonly' }, unknown);
    expect(bench.stayUs(4096)).toBe(2 * residenceUs.first);
  });
});
