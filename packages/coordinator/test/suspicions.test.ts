import { incarnation, millis } from '@pagewire/protocol';
import { describe, expect, test } from 'vitest';
import { Membership } from '../src/membership/membership.js';
import { linkId, type MembershipInput, type MembershipOptions } from '../src/membership/membership-io.js';
import { linesOf, replay, scriptOptions } from './membership-script.js';

const holds = (script: string, options?: Partial<MembershipOptions>) => expect(replay(script, options)).toEqual(linesOf(script));

const pair = `
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 2 n2
      admitted n2#2
      2 <- joined #2
      1,2 <- members of epoch 3: n1#1 n2#2
`;
const trio = `
      ${pair}
      > 0 join 3 n3
      admitted n3#3
      3 <- joined #3
      1,2,3 <- members of epoch 4: n1#1 n2#2 n3#3
`;
const four = `
      ${trio}
      > 0 join 4 n4
      admitted n4#4
      4 <- joined #4
      1,2,3,4 <- members of epoch 5: n1#1 n2#2 n3#3 n4#4
`;

describe('suspicion', () => {
  test.each([
    ['the older', 'suspect 1 #2', 'suspected n2#2 by n1#1'],
    ['the younger', 'suspect 2 #1', 'suspected n1#1 by n2#2'],
  ])('when %s of two members cannot reach the other and both go on renewing, the younger is expelled', (_who, suspicion, recorded) => {
    holds(
      `
      ${pair}
      > 0 tick
      > 100 ${suspicion}
      ${recorded}
      > 1000 tick
      > 1050 renew 1 1000
      1 <- renewed 1000
      > 1050 renew 2 1000
      2 <- renewed 1000
      > 1100 tick
      > 1550 renew 1 1500
      1 <- renewed 1500
      > 1600 tick
      > 1650 renew 2 1600
      2 <- renewed 1600
      > 1700 tick
      expelled n2#2
      2 <- expelled
      > 1800 renew 2 1700
      2 <- expelled
      > 4000 renew 1 3900
      1 <- renewed 3900
      > 4649 tick
      > 4650 tick
      1 <- node-lost #2
      lost n2#2 (lease-ended)
      1 <- members of epoch 4: n1#1
      `,
      { tickEveryMs: 2000 },
    );
  });

  test('of two members that cannot reach each other the older survives the death of the younger, and nobody is expelled', () => {
    holds(`
      ${pair}
      > 0 tick
      > 100 suspect 1 #2
      suspected n2#2 by n1#1
      > 1000 tick
      > 1500 renew 1 1500
      1 <- renewed 1500
      > 2000 tick
      > 2500 renew 1 2500
      1 <- renewed 2500
      > 3000 tick
      1 <- node-lost #2
      lost n2#2 (lease-ended)
      2 <- expelled
      1 <- members of epoch 4: n1#1
      > 3500 renew 1 3500
      1 <- renewed 3500
      > 4000 tick
    `);
  });

  test('a younger member that accuses an older one which is dead is not expelled: the lease of the dead one runs out', () => {
    holds(`
      ${pair}
      > 0 tick
      > 400 renew 1 350
      1 <- renewed 350
      > 500 suspect 2 #1
      suspected n1#1 by n2#2
      > 600 join 3 n1
      > 1000 tick
      > 2000 tick
      > 2100 renew 2 2100
      2 <- renewed 2100
      > 2600 renew 2 2600
      2 <- renewed 2600
      > 3000 tick
      > 3400 tick
      2 <- node-lost #1
      lost n1#1 (lease-ended)
      1 <- expelled
      admitted n1#3
      3 <- joined #3 after 2800
      2,3 <- members of epoch 5: n2#2 n1#3
      > 3500 renew 2 3500
      2 <- renewed 3500
      > 3500 renew 3 3500
      3 <- renewed 3500
      > 4000 tick
    `);
  });

  test('an accused member that has fenced itself and rejoins takes the suspicion of its former life with it', () => {
    holds(`
      ${pair}
      > 0 tick
      > 100 suspect 2 #1
      suspected n1#1 by n2#2
      > 1000 tick
      > 1150 tick
      > 1200 renew 1 1100
      1 <- renewed 1100
      > 1300 join 1 n1 #1
      2 <- node-lost #1
      lost n1#1 (rejoined)
      admitted n1#3
      1 <- joined #3
      2,1 <- members of epoch 5: n2#2 n1#3
      > 1400 renew 2 1400
      2 <- renewed 1400
      > 1400 renew 1 1400
      1 <- renewed 1400
      > 2000 tick
    `);
  });

  test('a member that is cut off from all others is expelled alone, though it is the oldest', () => {
    holds(
      `
      ${four}
      > 0 tick
      > 100 suspect 2 #1
      suspected n1#1 by n2#2
      > 150 suspect 1 #3
      suspected n3#3 by n1#1
      > 1050 suspect 4 #1
      suspected n1#1 by n4#4
      > 1000 tick
      > 2000 tick
      > 2100 renew 1 2000
      1 <- renewed 2000
      > 2100 renew 2 2000
      2 <- renewed 2000
      > 2200 tick
      > 2600 renew 1 2500
      1 <- renewed 2500
      > 2600 renew 2 2500
      2 <- renewed 2500
      > 2700 renew 3 2600
      3 <- renewed 2600
      > 2800 tick
      > 2900 renew 4 2800
      4 <- renewed 2800
      > 3000 tick
      expelled n1#1
      1 <- expelled
      > 3100 renew 2 3000
      2 <- renewed 3000
      > 3100 renew 3 3000
      3 <- renewed 3000
      > 3100 renew 4 3000
      4 <- renewed 3000
      > 4000 tick
      > 5000 tick
      > 5600 tick
      2,3,4 <- node-lost #1
      lost n1#1 (lease-ended)
      2,3,4 <- members of epoch 6: n2#2 n3#3 n4#4
      `,
      { maxMembers: 4 },
    );
  });

  test('a verdict waits for a suspected member that is dead, whose pairs show nothing', () => {
    holds(`
      ${trio}
      > 0 tick
      > 100 suspect 1 #2
      suspected n2#2 by n1#1
      > 100 suspect 1 #3
      suspected n3#3 by n1#1
      > 1000 tick
      > 2000 tick
      > 2100 renew 1 2000
      1 <- renewed 2000
      > 2100 renew 2 2000
      2 <- renewed 2000
      > 2500 tick
      > 3000 tick
      1,2 <- node-lost #3
      lost n3#3 (lease-ended)
      3 <- expelled
      expelled n2#2
      2 <- expelled
      1 <- members of epoch 5: n1#1 n2#2
    `);
  });

  test('a verdict does not wait for ever while members are suspected anew', () => {
    holds(`
      ${trio}
      > 0 tick
      > 100 suspect 1 #2
      suspected n2#2 by n1#1
      > 1000 tick
      > 2000 tick
      > 2100 renew 1 2000
      1 <- renewed 2000
      > 2100 renew 2 2000
      2 <- renewed 2000
      > 2200 renew 3 2100
      3 <- renewed 2100
      > 2500 suspect 1 #3
      suspected n3#3 by n1#1
      > 3000 tick
      > 3400 renew 1 3300
      1 <- renewed 3300
      > 3400 renew 2 3300
      2 <- renewed 3300
      > 3400 renew 3 3300
      3 <- renewed 3300
      > 4000 tick
      > 5000 tick
      > 5100 renew 1 5000
      1 <- renewed 5000
      > 5100 renew 2 5000
      2 <- renewed 5000
      > 6000 tick
      > 6099 tick
      > 6100 tick
      expelled n2#2
      2 <- expelled
    `);
  });

  test('when two halves cannot reach each other the older half stays, one expulsion at a time', () => {
    holds(
      `
      ${four}
      > 0 tick
      > 100 suspect 1 #3
      suspected n3#3 by n1#1
      > 100 suspect 2 #4
      suspected n4#4 by n2#2
      > 100 suspect 3 #2
      suspected n2#2 by n3#3
      > 100 suspect 4 #1
      suspected n1#1 by n4#4
      > 1000 tick
      > 1500 tick
      > 1600 renew 1 1500
      1 <- renewed 1500
      > 1600 renew 2 1500
      2 <- renewed 1500
      > 1600 renew 3 1500
      3 <- renewed 1500
      > 1600 renew 4 1500
      4 <- renewed 1500
      > 2000 tick
      expelled n4#4
      4 <- expelled
      > 2100 tick
      expelled n3#3
      3 <- expelled
      > 2200 tick
      `,
      { maxMembers: 4 },
    );
  });

  test('renewals that were read after a pause of the coordinator prove nothing', () => {
    holds(
      `
      ${pair}
      > 0 tick
      > 100 tick
      > 150 suspect 1 #2
      suspected n2#2 by n1#1
      > 200 tick
      > 9000 renew 1 300
      1 <- renewed 300
      > 9000 renew 2 300
      2 <- renewed 300
      > 9000 tick
      > 9001 renew 1 800
      1 <- renewed 800
      > 9001 renew 2 800
      2 <- renewed 800
      > 9200 tick
      > 9400 tick
      > 9600 tick
      > 9800 tick
      > 9849 tick
      > 9850 tick
      > 9900 renew 1 9850
      1 <- renewed 9850
      > 9900 renew 2 9850
      2 <- renewed 9850
      > 9950 tick
      expelled n2#2
      2 <- expelled
      `,
      { tickEveryMs: 100 },
    );
  });

  test('a pair that is suspected again keeps the time of the first suspicion', () => {
    holds(`
      ${pair}
      > 0 tick
      > 100 suspect 1 #2
      suspected n2#2 by n1#1
      > 1000 suspect 2 #1
      ignored suspicion of 1
      > 1000 tick
      > 1100 tick
      > 1200 renew 1 1100
      1 <- renewed 1100
      > 1200 renew 2 1100
      2 <- renewed 1100
      > 1300 tick
      expelled n2#2
      2 <- expelled
    `);
  });

  test('a suspicion that does not concern two live members has no effect', () => {
    holds(`
      ${pair}
      > 1 suspect 1 #1
      ignored suspicion of 1
      > 1 suspect 1 #9
      ignored suspicion of 9
      > 1 suspect 9 #1
      ignored suspicion of 1
      > 2 expel #2
      expelled n2#2
      2 <- expelled
      > 3 suspect 1 #2
      ignored suspicion of 2
      > 3 suspect 2 #1
      ignored suspicion of 1
      > 3 expel #2
      ignored expulsion of 2
    `);
  });

  test('the expelled member is told whom it could not reach', () => {
    const membership = new Membership({ ...scriptOptions, maxMembers: 5 });
    const at = (now: number, input: MembershipInput) => membership.step(millis(now), input);
    const all = [1, 2, 3, 4, 5];
    for (const n of all) at(0, { kind: 'join', link: linkId(n), name: `n${n}`, urls: [] });
    for (const n of all.slice(1)) at(0, { kind: 'suspect', link: linkId(n), member: incarnation(1) });
    at(0, { kind: 'tick' });
    at(1000, { kind: 'tick' });
    for (const n of all) at(1100, { kind: 'renew', link: linkId(n), sentAt: 1000 });
    const reason = '"n1" cannot reach "n2", "n3", "n4" and 1 more, though all of them are alive: "n1" has to go';
    expect(at(2000, { kind: 'tick' })).toMatchObject([
      { kind: 'expelled', member: { name: 'n1' }, reason },
      { kind: 'send', to: [1], message: { kind: 'expelled', reason } },
    ]);
  });
});

describe('expulsion', () => {
  test('an expelled member that has fenced itself may come back before its lease has run out', () => {
    holds(`
      ${pair}
      > 100 expel #2
      expelled n2#2
      2 <- expelled
      > 200 join 2 n2 #2
      1 <- node-lost #2
      lost n2#2 (rejoined)
      admitted n2#3
      2 <- joined #3
      1,2 <- members of epoch 5: n1#1 n2#3
    `);
  });

  test('an expelled member that comes back without saying that it fenced itself waits for its own lease', () => {
    holds(`
      ${pair}
      > 100 expel #2
      expelled n2#2
      2 <- expelled
      > 200 join 2 n2
      > 2000 renew 1 2000
      1 <- renewed 2000
      > 2000 tick
      > 3000 tick
      1 <- node-lost #2
      lost n2#2 (lease-ended)
      admitted n2#3
      2 <- joined #3 after 2800
      1,2 <- members of epoch 5: n1#1 n2#3
    `);
  });

  test('an expelled member is spoken for by no link, so nothing it sends counts', () => {
    const membership = new Membership(scriptOptions);
    membership.step(millis(0), { kind: 'join', link: linkId(1), name: 'n1', urls: [] });
    const before = [membership.memberOf(linkId(1)), membership.linkOf(incarnation(1))];
    membership.step(millis(1), { kind: 'expel', member: incarnation(1), reason: 'a test' });
    expect(before).toEqual([1, 1]);
    expect([membership.memberOf(linkId(1)), membership.linkOf(incarnation(1)), membership.liveLinks()]).toEqual([undefined, undefined, []]);
  });
});
