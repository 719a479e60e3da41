import { describe, expect, it } from 'vitest';
import { checkHistory, explain, type History } from '../src/index.js';
import { written } from './written-history.js';

const ruleOf = (history: History): string => {
  const verdict = checkHistory(history);
  return verdict.outcome === 'inconsistent' ? verdict.violation.rule : verdict.outcome;
};

describe('sequential consistency', () => {
  it('forbids that two writers both miss the write of the other (SB)', () => {
    const history = written(
      "a' 1-2 write x 1 @n1v1s1",
      "a' 3-4 read z → 0 @n1v0s2",
      "b' 1-2 write z 1 @n2v1s1",
      "b' 3-4 read x → 0 @n2v0s2",
    );
    expect(explain(checkHistory(history))).toBe(
      [
        'not sequentially consistent: each of these 4 operations comes before the next, and the last before the first',
        "  a' #0: write r[0] = 1   (version 1 by life 1, serial 1; 1 to 2)",
        '    before, in the order of its process (po):',
        "  a' #1: read r[4096] → 0   (version 0 by life 1, serial 2; 3 to 4)",
        '    saw what was there before (fr):',
        "  b' #0: write r[4096] = 1   (version 1 by life 2, serial 1; 1 to 2)",
        '    before, in the order of its process (po):',
        "  b' #1: read r[0] → 0   (version 0 by life 2, serial 2; 3 to 4)",
        '    saw what was there before (fr):',
        '(4 of 4 operations of 2 processes on 3 locations, 0 of them with a value of another process)',
      ].join('\n'),
    );
  });

  it('forbids that a flag is seen and the message before it is not (MP)', () => {
    const lines = ["a' 1-2 write x 1 @n1v1s1", "a' 3-4 write z 1 @n1v1s2", "b' 1-2 read z → 1 @n2v1s1"];
    expect(ruleOf(written(...lines, "b' 3-4 read x → 0 @n2v0s2"))).toBe('cycle');
    expect(ruleOf(written(...lines, "b' 3-4 read x → 1 @n2v1s2"))).toBe('consistent');
  });

  it('forbids that two readers see two writes in different orders (IRIW)', () => {
    const writers = ["a' 1-2 write x 1 @n1v1s1", "b' 1-2 write z 1 @n2v1s1"];
    const reader = ["c' 1-2 read x → 1 @n3v1s1", "c' 3-4 read z → 0 @n3v0s2"];
    expect(ruleOf(written(...writers, ...reader, "d' 1-2 read z → 1 @n4v1s1", "d' 3-4 read x → 0 @n4v0s2"))).toBe('cycle');
    expect(ruleOf(written(...writers, ...reader, "d' 1-2 read z → 0 @n4v0s1", "d' 3-4 read x → 0 @n4v0s2"))).toBe('consistent');
  });

  it('lets a process without a clock in common read what is old by the time of others', () => {
    expect(ruleOf(written("a' 1-2 write x 1 @n1v1s1", "b' 100-101 read x → 0 @n2v0s1"))).toBe('consistent');
  });

  it('is told of long histories by the few operations that matter', () => {
    const turns = Array.from({ length: 50 }, (_, turn) => [
      `a' ${turn * 10}-${turn * 10 + 1} write x ${turn + 1} @n1v${turn * 2 + 1}s${turn * 2 + 1}`,
      `b' ${turn * 10}-${turn * 10 + 1} read x → ${turn + 1} @n2v${turn * 2 + 1}s${turn + 1}`,
    ]).flat();
    const verdict = checkHistory(
      written("b' 0-0 write z 1 @n2v1s0", ...turns, "a' 900-901 read z → 0 @n1v0s900", "b' 901-902 read z → 1 @n2v1s901"),
    );
    expect(verdict.outcome === 'inconsistent' && verdict.violation.operations).toHaveLength(4);
  });
});

describe('linearizability of a location', () => {
  it('forbids a value that was overwritten before the read began', () => {
    const history = written('a 1-2 write x 1 @n1v1s1', 'b 3-4 read x → 0 @n2v0s1');
    expect(explain(checkHistory(history))).toContain(
      'r[0] is not linearizable: b #0 returned the value that a #0 overwrote, but began after a #0 had ended',
    );
  });

  it('forbids that a read goes back behind what another reader saw', () => {
    const history = written('a 1-9 write x 1 @n1v1s1', 'b 2-3 read x → 1 @n2v1s1', 'c 4-5 read x → 0 @n3v0s1');
    expect(explain(checkHistory(history))).toContain('whose effect b #0 had seen, but began after b #0 had ended');
  });

  it('lets a read beside a write see either value', () => {
    expect(ruleOf(written('a 1-9 write x 1 @n1v1s1', 'b 2-3 read x → 0 @n2v0s1', 'c 4-5 read x → 1 @n3v1s1'))).toBe('consistent');
  });

  it('forbids a value that was not written before the read had ended', () => {
    expect(ruleOf(written('b 1-2 read x → 1 @n2v1s1', 'a 3-4 write x 1 @n1v1s1'))).toBe('real-time');
  });
});

describe('one tenure of a page', () => {
  it('is ordered by serials for its holder, and over for everybody else', () => {
    const tenure = ['a 1-9 write x 1 @n1v1s1', 'b 1-9 read x → 1 @n1v1s2', 'c 1-9 write x 2 @n1v1s3', 'd 1-9 read x → 2 @n1v1s4'];
    expect(ruleOf(written(...tenure, 'e 1-9 read x → 2 @n2v1s1'))).toBe('consistent');
    expect(ruleOf(written(...tenure, 'e 1-9 read x → 1 @n2v1s1'))).toBe('value');
    expect(ruleOf(written(...tenure, 'e 1-9 write x 3 @n2v1s1'))).toBe('witness');
  });

  it('has one writer for all of the page, not for each location', () => {
    expect(ruleOf(written('a 1-9 write x 1 @n1v1s1', 'b 1-9 write y 1 @n2v1s1'))).toBe('witness');
    expect(ruleOf(written('a 1-9 write x 1 @n1v1s1', 'b 1-9 write z 1 @n2v1s1'))).toBe('consistent');
  });

  it('is never followed by an older one on the same node', () => {
    const history = written('a 1-2 write x 1 @n1v1s1', 'b 1-9 read x → 1 @n2v1s1', "c' 1-9 read y → 0 @n2v0s2");
    expect(explain(checkHistory(history))).toContain('a page went back to an older version on one node');
  });

  it('is not that of version 0, which nobody writes', () => {
    expect(ruleOf(written('a 1-2 write x 1 @n1v0s1'))).toBe('witness');
  });
});

describe('a read-modify-write', () => {
  const first = 'a 1-9 add x 1 → 0 @n1v1s1';
  it('sees what the one before it left, or an update is lost', () => {
    expect(ruleOf(written(first, 'b 1-9 add x 1 → 1 @n2v2s1', 'c 1-9 read x → 2 @n2v2s2'))).toBe('consistent');
    expect(ruleOf(written(first, 'b 1-9 add x 1 → 0 @n2v2s1'))).toBe('value');
  });

  it('has nothing between what it read and what it wrote', () => {
    expect(ruleOf(written(first, 'b 1-9 write x 7 @n2v2s1', 'c 1-9 add x 1 → 1 @n3v3s1'))).toBe('value');
  });

  it('that compares and finds another value writes nothing', () => {
    const history = written(first, 'b 1-9 compareExchange x 5 9 → 1 @n2v2s1', 'c 1-9 compareExchange x 1 9 → 1 @n2v2s2');
    expect(ruleOf(history)).toBe('consistent');
    expect(checkHistory(written(first, 'b 1-9 compareExchange x 5 9 → 1 @n2v2s1', 'c 10-11 read x → 9 @n2v2s2')).outcome).toBe(
      'inconsistent',
    );
  });

  it('wraps around at 32 bits as Atomics do', () => {
    const history = written('a 1-2 write x 2147483647 @n1v1s1', 'a 3-4 add x 1 → 2147483647 @n1v1s2', 'a 5-6 read x → -2147483648 @n1v1s3');
    expect(ruleOf(history)).toBe('consistent');
  });
});

describe('a wrong value', () => {
  it('is told with its writer and with what should have been seen', () => {
    const history = written('a 1-2 write x 1 @n1v1s1', 'b 3-4 write x 2 @n2v2s1', 'c 5-6 read x → 1 @n3v2s1');
    expect(explain(checkHistory(history))).toBe(
      [
        'c #0 returned a value that r[0] did not hold: it was b #0 that wrote last before, and left 2',
        '  the value that it returned is that of a #0, which had been overwritten',
        '  c #0: read r[0] → 1   (version 2 by life 3, serial 1; 5 to 6)',
        '  b #0: write r[0] = 2   (version 2 by life 2, serial 1; 3 to 4)',
        '  a #0: write r[0] = 1   (version 1 by life 1, serial 1; 1 to 2)',
        '(0 of 3 operations of 3 processes on 3 locations, 0 of them with a value of another process)',
      ].join('\n'),
    );
  });

  it('of the future, and of nobody, is told as such', () => {
    expect(explain(checkHistory(written('c 1-9 read x → 1 @n3v0s1', 'a 1-9 write x 1 @n1v1s1')))).toContain(
      'comes later in the order of versions',
    );
    expect(explain(checkHistory(written('a 1-2 write x 1 @n1v1s1', 'c 3-4 read x → 77 @n3v1s1')))).toContain('was written by nobody');
    expect(explain(checkHistory(written('a 1-2 write x 1 @n1v1s1 failed', 'c 3-4 read x → 1 @n3v1s1')))).toContain(
      'of an operation that failed',
    );
  });
});
