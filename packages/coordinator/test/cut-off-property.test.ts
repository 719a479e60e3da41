import { type Incarnation, incarnation, millis } from '@pagewire/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Membership } from '../src/membership/membership.js';
import { linkId, type MembershipInput, type MembershipOptions } from '../src/membership/membership-io.js';

const options: MembershipOptions = {
  leaseMs: 3000,
  renewEveryMs: 500,
  tickEveryMs: 100,
  maxMembers: 8,
  cluster: 'c',
  firstNumber: 1,
};
const cutAt = 1000;

/** What one member lives through: when in its period it renews, when its pair with the center is suspected, and by which of the two. */
interface Lot {
  readonly phaseMs: number;
  readonly suspectedAfterMs: number;
  readonly accuses: boolean;
}

/** The links of one member, the center, to all others end. It goes on renewing, or has died. Says who is expelled and who is lost. */
function cutOff({ lots, center, dead }: { readonly lots: readonly Lot[]; readonly center: number; readonly dead: boolean }) {
  const membership = new Membership(options);
  const expelled: Incarnation[] = [];
  const lost: Incarnation[] = [];
  const tell = (now: number, input: MembershipInput): void => {
    for (const effect of membership.step(millis(now), input)) {
      if (effect.kind === 'expelled') expelled.push(effect.member.incarnation);
      if (effect.kind === 'lost') lost.push(effect.member.incarnation);
    }
  };
  const numbers = lots.map((_, index) => index + 1);
  for (const number of numbers) tell(0, { kind: 'join', link: linkId(number), name: `n${number}`, urls: [] });
  for (let now = 0; now < 9000; now += 1) {
    for (const [index, { phaseMs, suspectedAfterMs, accuses }] of lots.entries()) {
      const number = index + 1;
      const renews = number !== center || !dead || now < cutAt;
      if (renews && now % options.renewEveryMs === phaseMs) tell(now, { kind: 'renew', link: linkId(number), sentAt: now });
      if (number === center || now !== cutAt + suspectedAfterMs) continue;
      const [accuser, accused] = accuses || dead ? [number, center] : [center, number];
      tell(now, { kind: 'suspect', link: linkId(accuser), member: incarnation(accused) });
    }
    if (now % options.tickEveryMs === 0) tell(now, { kind: 'tick' });
  }
  return { expelled, lost };
}

const lot: fc.Arbitrary<Lot> = fc.record({
  phaseMs: fc.nat(options.renewEveryMs - 1),
  suspectedAfterMs: fc.nat(2 * options.renewEveryMs - 1),
  accuses: fc.boolean(),
});
const cluster = fc
  .array(lot, { minLength: 3, maxLength: 6 })
  .chain((lots) => fc.record({ lots: fc.constant(lots), center: fc.integer({ min: 1, max: lots.length }) }));

test('a node that is cut off from all others is expelled, and nobody else, whatever its age', () => {
  const alone = fc.property(cluster, (drawn) => {
    expect(cutOff({ ...drawn, dead: false })).toEqual({ expelled: [drawn.center], lost: [drawn.center] });
  });
  fc.assert(alone, { numRuns: 60 });
});

test('when all others suspect a node that is dead, it is lost when its lease has run out, and nobody is expelled', () => {
  const patient = fc.property(cluster, (drawn) => {
    expect(cutOff({ ...drawn, dead: true })).toEqual({ expelled: [], lost: [drawn.center] });
  });
  fc.assert(patient, { numRuns: 60 });
});
