import { describe, expect, it } from 'vitest';
import { checkHistory, type History, historyOf } from '../src/index.js';
import { written } from './written-history.js';

const ruleOf = (history: History): string => {
  const verdict = checkHistory(history);
  return verdict.outcome === 'inconsistent' ? verdict.violation.rule : verdict.outcome;
};
const seenOf = (history: History): number => {
  const verdict = checkHistory(history);
  return verdict.outcome === 'unusable' ? -1 : verdict.counts.unknownSeen;
};

describe('a write whose answer was lost', () => {
  const lost = 'a 1-? write x 5';

  it('may have taken effect, and may not', () => {
    expect(ruleOf(written(lost, 'b 10-11 read x → 0 @n2v0s1'))).toBe('consistent');
    expect(ruleOf(written(lost, 'b 10-11 read x → 5 @n2v1s1'))).toBe('consistent');
    expect(seenOf(written(lost, 'b 10-11 read x → 0 @n2v0s1'))).toBe(0);
    expect(seenOf(written(lost, 'b 10-11 read x → 5 @n2v1s1'))).toBe(1);
  });

  it('may take effect late, after its process has gone on', () => {
    expect(ruleOf(written(lost, 'a 5-6 read x → 0 @n2v0s1', 'a 8-9 read x → 5 @n2v1s2'))).toBe('consistent');
  });

  it('takes effect once, and does not come and go', () => {
    expect(ruleOf(written(lost, 'b 10-11 read x → 5 @n2v1s1', 'b 12-13 read x → 0 @n2v2s2'))).toBe('value');
    const twice = ['b 10-11 read x → 5 @n2v1s1', 'b 12-13 write x 6 @n2v2s2', 'b 14-15 read x → 5 @n2v2s3'];
    expect(ruleOf(written(lost, ...twice))).toBe('value');
  });

  it('does not take effect before it was begun', () => {
    expect(ruleOf(written('b 1-2 read x → 5 @n2v1s1', 'a 10-? write x 5'))).toBe('real-time');
  });

  it('is not taken for one that had begun when its value was seen', () => {
    expect(ruleOf(written('a 1-? add x 5', 'b 10-11 read x → 5 @n2v1s1', 'c 20-? write x 5'))).toBe('consistent');
  });

  it('comes after what its process did before', () => {
    const history = written("a' 1-2 write z 1 @n1v1s1", "a' 3-? write x 5", "b' 1-2 read x → 5 @n2v1s1", "b' 3-4 read z → 0 @n2v0s2");
    expect(ruleOf(history)).toBe('cycle');
  });
});

describe('lost answers of a counter', () => {
  const adds = ['a 1-? add x 1', 'b 2-? add x 1', 'c 3-? add x 1'];

  it('explain what was counted, and no more', () => {
    expect(ruleOf(written(...adds, 'd 10-11 add x 1 → 2 @n2v1s1', 'd 12-13 read x → 4 @n2v1s2'))).toBe('consistent');
    expect(seenOf(written(...adds, 'd 10-11 add x 1 → 2 @n2v1s1', 'd 12-13 read x → 4 @n2v1s2'))).toBe(3);
    expect(ruleOf(written(...adds, 'd 10-11 read x → 4 @n2v1s1'))).toBe('value');
  });

  it('of several operands explain a mix of them', () => {
    expect(ruleOf(written('a 1-? add x 1', 'b 1-? add x 10', 'c 1-? write x 100', 'd 10-11 read x → 110 @n2v3s1'))).toBe('consistent');
    expect(ruleOf(written('a 1-? add x 1', 'b 1-? add x 10', 'd 10-11 read x → 12 @n2v3s1'))).toBe('value');
  });

  it('are not judged where they are too many to be tried', () => {
    const many = Array.from({ length: 12 }, (_, index) => `p${index} 1-? add x ${2 ** index}`);
    const verdict = checkHistory(written(...many, 'd 10-11 read x → 4095 @n2v3s1'));
    expect(verdict.outcome === 'unusable' && verdict.reason).toContain('many writes of unknown outcome');
  });
});

describe('what a node did before it died, unconfirmed', () => {
  it('may be undone, although its own process saw it', () => {
    const history = written(
      'a 1-2 write x 1 @n1v1s1 undone',
      'a 3-4 read x → 1 @n1v1s2 undone',
      'b 10-11 read x → 0 @n2v0s1',
      'b 12-13 add x 1 → 0 @n2v2s2',
    );
    expect(ruleOf(history)).toBe('consistent');
    expect(seenOf(history)).toBe(0);
  });

  it('does not come back when somebody has seen it undone', () => {
    for (const write of ['a 1-2 write x 1 @n1v1s1 undone', 'a 1-? write x 1 @n1v1s1']) {
      const undone = [write, 'b 10-11 read x → 0 @n2v1s1'];
      expect(ruleOf(written(...undone, 'c 10-11 read x → 0 @n3v1s1'))).toBe('consistent');
      expect(ruleOf(written(...undone, 'c 10-11 read x → 1 @n3v1s1'))).toBe('value');
    }
  });

  it('lasts where somebody saw it', () => {
    const history = written('a 1-2 write x 1 @n1v1s1 undone', 'b 10-11 read x → 1 @n2v1s1');
    expect(ruleOf(history)).toBe('consistent');
    expect(seenOf(history)).toBe(1);
  });

  it('lasts with all that its process did before it on that node', () => {
    const exposed = ['a 1-2 write x 1 @n1v1s1 undone', 'a 3-4 write z 1 @n1v1s2 undone', "b' 10-11 read z → 1 @n2v1s1"];
    expect(ruleOf(written(...exposed, "b' 12-13 read x → 1 @n2v1s2"))).toBe('consistent');
    expect(ruleOf(written(...exposed, "b' 12-13 read x → 0 @n2v0s2"))).toBe('cycle');
    expect(ruleOf(written(...exposed, 'c 12-13 read x → 0 @n3v0s1'))).toBe('real-time');
  });

  it('is undone from some operation on: of two writes the first may last alone', () => {
    const history = written('a 1-2 write x 1 @n1v1s1 undone', 'a 3-4 write x 2 @n1v1s2 undone', 'b 10-11 read x → 1 @n2v1s1');
    expect(ruleOf(history)).toBe('consistent');
  });

  it('does not bind its process in its next life', () => {
    const history = written(
      'a 1-2 write x 1 @n1v1s1 undone',
      'a 3-4 write z 1 @n9v1s2',
      'b 10-11 read z → 1 @n2v1s1',
      'b 12-13 read x → 0 @n2v0s2',
    );
    expect(ruleOf(history)).toBe('consistent');
  });
});

describe('a location of which nobody knows what it held', () => {
  const unknownStart = (history: History): History => ({
    ...history,
    locations: history.locations.map((location) => ({ ...location, initial: undefined })),
  });

  it('held what the first read saw', () => {
    expect(ruleOf(unknownStart(written('a 1-2 read x → 9 @n1v3s1', 'a 3-4 add x 1 → 9 @n1v4s2', 'b 5-6 read x → 10 @n2v4s1')))).toBe(
      'consistent',
    );
    expect(ruleOf(unknownStart(written('a 1-2 read x → 9 @n1v3s1', 'b 3-4 read x → 8 @n2v3s1')))).toBe('value');
  });
});

describe('a history that contradicts itself', () => {
  it.each([
    ['has an operation without a witness', written('a 1-2 write x 1'), 'has no witness'],
    ['has an operation that ended before it began', written('a 5-2 write x 1 @n1v1s1'), 'ended before it began'],
    [
      'has a process with two operations under way',
      written('a 1-9 write x 1 @n1v1s1', 'a 5-10 read x → 1 @n1v1s2'),
      'a process is sequential',
    ],
    ['has a read that ended well without a value', written('a 1-2 read x @n1v1s1'), 'has no value'],
  ])('that %s is not judged', (_what, history, reason) => {
    const verdict = checkHistory(history);
    expect(verdict.outcome === 'unusable' && verdict.reason).toContain(reason);
  });

  it('that has overlapping locations is not judged', () => {
    const overlap = [0, 4].map((offset) => ({ region: 'r', offset, bytes: 8, page: 0, initial: 0 }));
    const verdict = checkHistory(historyOf({ processes: [], locations: overlap, operations: [] }));
    expect(verdict.outcome === 'unusable' && verdict.reason).toContain('overlap');
  });
});
