import { incarnation, limits, millis } from '@pagewire/protocol';
import { describe, expect, test } from 'vitest';
import { Membership } from '../src/membership/membership.js';
import { linkId, type MembershipOptions } from '../src/membership/membership-io.js';
import { linesOf, replay, scriptOptions } from './membership-script.js';

const holds = (script: string, options?: Partial<MembershipOptions>) => expect(replay(script, options)).toEqual(linesOf(script));

describe('joining', () => {
  test('a node that joins is told its incarnation, then everybody who the members are', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 2 n2
      admitted n2#2
      2 <- joined #2
      1,2 <- members of epoch 3: n1#1 n2#2
    `);
  });

  test('incarnations and epochs start where they are told to', () => {
    holds(
      `
      > 0 join 1 n1
      admitted n1#700
      1 <- joined #700
      1 <- members of epoch 701: n1#700
      `,
      { firstNumber: 700 },
    );
  });

  test('a join beyond the limit of members is refused as overloaded', () => {
    holds(
      `
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 2 n2
      refused 2 (overloaded)
      `,
      { maxMembers: 1 },
    );
  });

  test('a process that has fenced itself replaces its former life at once, over the link that it has', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 2 n2
      admitted n2#2
      2 <- joined #2
      1,2 <- members of epoch 3: n1#1 n2#2
      > 10 join 2 n2 #2
      1 <- node-lost #2
      lost n2#2 (rejoined)
      admitted n2#3
      2 <- joined #3
      1,2 <- members of epoch 5: n1#1 n2#3
    `);
  });

  test('a process that comes back over another link replaces its former life, and the old link is told', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 10 join 7 n1 #1
      lost n1#1 (rejoined)
      1 <- expelled
      admitted n1#2
      7 <- joined #2
      7 <- members of epoch 4: n1#2
      > 20 renew 1 19
      1 <- expelled
    `);
  });

  test('a join that names somebody else as its former life replaces nobody', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 2 n2 #1
      admitted n2#2
      2 <- joined #2
      1,2 <- members of epoch 3: n1#1 n2#2
      > 0 join 3 n1 #2
      > 1 renew 1 0
      1 <- renewed 0
      refused 3 (name-taken)
    `);
  });

  test('a join under the name of a live member waits until its lease has ended', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 tick
      > 500 join 2 n1
      > 1000 tick
      > 2000 tick
      > 3000 tick
      lost n1#1 (lease-ended)
      1 <- expelled
      admitted n1#2
      2 <- joined #2 after 2500
      2 <- members of epoch 4: n1#2
    `);
  });

  test('a join under the name of a live member is refused when that one renews', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 500 join 2 n1
      > 600 renew 1 550
      1 <- renewed 550
      refused 2 (name-taken)
    `);
  });

  test('of two joins that wait for one name the first gets it and the second waits for the new member', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 10 join 2 n1
      > 20 join 3 n1
      > 30 leave 1
      lost n1#1 (left)
      1 <- left
      admitted n1#2
      2 <- joined #2 after 20
      2 <- members of epoch 4: n1#2
      > 40 renew 2 35
      2 <- renewed 35
      refused 3 (name-taken)
    `);
  });

  test('a waiting join whose link ends is forgotten', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 10 join 2 n1
      > 20 link-lost 2
      > 30 leave 1
      lost n1#1 (left)
      1 <- left
    `);
  });

  test('joins beyond the limit do not wait', () => {
    holds(
      `
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 2 n1
      > 0 join 2 n1
      > 0 join 3 n1
      refused 3 (overloaded)
      `,
      { maxMembers: 1 },
    );
  });

  test('a second join over the link of a live member breaks the protocol', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 1 n1
      refused 1 (protocol-violation)
    `);
  });

  test.each([
    ['an empty name', '', ['ws://127.0.0.1:1']],
    ['a name with a space', 'n 1', ['ws://127.0.0.1:1']],
    ['a name that is too long', 'n'.repeat(limits.maxNodeNameBytes + 1), []],
    ['too many urls', 'n1', Array.from({ length: limits.maxUrlsPerMember + 1 }, () => 'ws://h:1')],
    ['a url that is too long', 'n1', ['u'.repeat(limits.maxUrlBytes + 1)]],
    ['a url without a port', 'n1', ['ws://127.0.0.1']],
    ['a url whose host is no IP address', 'n1', ['ws://127.0.0.1:1', 'ws://10.0.0.256:7070']],
    ['a url of a web page', 'n1', ['http://127.0.0.1:1']],
    ['a url with a quote', 'n1', ['ws://"']],
  ])('a join with %s is refused', (_what, name, urls) => {
    const effects = new Membership(scriptOptions).step(millis(0), { kind: 'join', link: linkId(1), name, urls });
    expect(effects).toEqual([{ kind: 'refused', link: 1, code: 'bad-argument', reason: expect.any(String) }]);
  });
});

describe('leases', () => {
  test('a lease lasts from the arrival of the last renewal', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 tick
      > 900 renew 1 100
      1 <- renewed 100
      > 1000 tick
      > 2000 tick
      > 3000 tick
      > 3899 tick
      > 3900 tick
      lost n1#1 (lease-ended)
      1 <- expelled
    `);
  });

  test('when leases end the others are told, the home is told, and all are told who is left', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 2 n2
      admitted n2#2
      2 <- joined #2
      1,2 <- members of epoch 3: n1#1 n2#2
      > 0 join 3 n3
      admitted n3#3
      3 <- joined #3
      1,2,3 <- members of epoch 4: n1#1 n2#2 n3#3
      > 1500 renew 3 1400
      3 <- renewed 1400
      > 2500 tick
      > 3500 tick
      3 <- node-lost #1
      lost n1#1 (lease-ended)
      1 <- expelled
      3 <- node-lost #2
      lost n2#2 (lease-ended)
      2 <- expelled
      3 <- members of epoch 6: n3#3
    `);
  });

  test('a renewal that arrives before its lease was judged counts', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 2500 tick
      > 3200 renew 1 2000
      1 <- renewed 2000
      > 3500 tick
      > 4500 tick
    `);
  });

  test('a renewal of a lost or unknown node is answered with expelled', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 2900 tick
      > 3100 tick
      lost n1#1 (lease-ended)
      1 <- expelled
      > 3200 renew 1 3000
      1 <- expelled
      > 3200 renew 9 3000
      9 <- expelled
      > 3300 join 1 n1 #1
      admitted n1#2
      1 <- joined #2
      1 <- members of epoch 4: n1#2
    `);
  });

  test('the end of a link ends no lease, and no other link can renew it', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 100 link-lost 1
      expelled n1#1
      > 200 join 2 n1
      > 300 renew 2 250
      2 <- expelled
      > 2000 tick
      > 2999 tick
      > 3000 tick
      lost n1#1 (lease-ended)
      admitted n1#2
      2 <- joined #2 after 2800
      2 <- members of epoch 4: n1#2
    `);
  });

  test('after a pause of the coordinator nobody is lost before the renewals in its sockets were read', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 2 n2
      admitted n2#2
      2 <- joined #2
      1,2 <- members of epoch 3: n1#1 n2#2
      > 1000 tick
      > 9000 tick
      > 9001 renew 1 1200
      1 <- renewed 1200
      > 9999 tick
      > 10000 tick
      1 <- node-lost #2
      lost n2#2 (lease-ended)
      2 <- expelled
      1 <- members of epoch 4: n1#1
    `);
  });

  test('a coordinator whose ticks are all late still finds a dead node', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 tick
      > 2500 tick
      > 5000 tick
      > 7500 tick
      > 10000 tick
      lost n1#1 (lease-ended)
      1 <- expelled
    `);
  });

  test('status shows what remains of each lease', () => {
    const membership = new Membership(scriptOptions);
    membership.step(millis(0), { kind: 'join', link: linkId(1), name: 'n1', urls: ['ws://127.0.0.1:1'] });
    membership.step(millis(1), { kind: 'expel', member: incarnation(1), reason: 'a test' });
    expect(membership.status(millis(1000))).toEqual([
      { incarnation: 1, name: 'n1', urls: ['ws://127.0.0.1:1'], state: 'expelled', leaseRemainingMs: 2000 },
    ]);
  });
});

describe('leaving', () => {
  test('a node that leaves is lost at once, in good order', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 0 join 2 n2
      admitted n2#2
      2 <- joined #2
      1,2 <- members of epoch 3: n1#1 n2#2
      > 10 leave 2
      1 <- node-lost #2
      lost n2#2 (left)
      2 <- left
      1 <- members of epoch 4: n1#1
      > 11 link-lost 2
      > 12 leave 2
      2 <- left
    `);
  });

  test('an expelled node that says it holds nothing is lost at once', () => {
    holds(`
      > 0 join 1 n1
      admitted n1#1
      1 <- joined #1
      1 <- members of epoch 2: n1#1
      > 5 expel #1
      expelled n1#1
      1 <- expelled
      > 10 leave 1
      lost n1#1 (left)
      1 <- left
    `);
  });
});
