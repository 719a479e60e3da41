import type { MutantGroup } from '../mutant.js';

const membership = 'packages/coordinator/src/membership/membership.ts';
const membershipTests = ['packages/coordinator/test/membership.test.ts', 'packages/coordinator/test/router.test.ts'];
const pagerTests = ['packages/node/test/pager.test.ts', 'packages/node/test/node-life.test.ts'];

/** Who is in, until when, and who hears of it. */
export const membershipMutants: MutantGroup = {
  title: 'membership and leases',
  mutants: [
    {
      name: 'lease-not-waited-out',
      breaks: 'A node whose link ends is declared lost at once, while it may still compute on its pages (I1).',
      file: membership,
      find: "if (seat.state === 'live') this.#expel(seat, 'its link to the coordinator ended');",
      replace: "if (seat.state === 'live') this.#lose([seat], 'lease-ended');",
      tests: membershipTests,
      quick: true,
    },
    {
      name: 'name-taken-before-the-lease-ends',
      breaks: 'A new node takes the place of an expelled one of the same name, whose lease still runs (I1).',
      file: membership,
      find: 'if (namesake.incarnation === join.previous) {',
      replace: "if (namesake.incarnation === join.previous || namesake.state === 'expelled') {",
      tests: [...membershipTests, 'packages/coordinator/test/membership-property.test.ts'],
    },
    {
      name: 'late-tick-judges',
      breaks: 'A coordinator that was stopped takes its own pause for the silence of its nodes, and declares them lost.',
      file: membership,
      find: 'const judgedAt = late ? last : now;',
      replace: 'const judgedAt = now;',
      tests: membershipTests,
    },
    {
      name: 'node-lost-not-sent-to-all',
      breaks:
        'Of the nodes that are left the oldest does not hear of a death: it waits for acks of the dead, and takes its bytes (I5, I6).',
      file: membership,
      find: 'const others = this.liveLinks();',
      replace: 'const others = this.liveLinks().slice(1);',
      tests: membershipTests,
    },
    {
      name: 'node-lost-after-the-queries',
      breaks: 'The home repairs pages before the nodes hear of the death: bytes of the dead arrive after their absence was reported.',
      file: membership,
      find: [
        "      this.#send(others, { kind: 'node-lost', member: seat.incarnation });",
        "      this.#effects.push({ kind: 'lost', member: asMember(seat), loss });",
      ].join('\n'),
      replace: [
        "      this.#effects.push({ kind: 'lost', member: asMember(seat), loss });",
        "      this.#send(others, { kind: 'node-lost', member: seat.incarnation });",
      ].join('\n'),
      tests: membershipTests,
    },
    {
      name: 'epoch-unchecked',
      breaks: 'What an expelled member says still counts: it changes the directory after it was told to stop (I5).',
      file: membership,
      find: "return seat?.state === 'live' ? seat.incarnation : undefined;",
      replace: 'return seat?.incarnation;',
      tests: membershipTests,
    },
    {
      name: 'incarnation-unchecked',
      breaks: 'A link that was meant for an earlier life of a node is taken by the next one: old messages reach a new agent (I5).',
      file: 'packages/node/src/peers.ts',
      find: "if (this.#closed || attributes['cluster'] !== cluster || attributes['to'] !== self) {",
      replace: "if (this.#closed || attributes['cluster'] !== cluster) {",
      tests: ['packages/node/test/peers.test.ts', 'packages/node/test/join.test.ts'],
    },
    {
      name: 'lost-node-let-in',
      breaks: 'A node that was declared lost may dial the others again, and is listened to (I5).',
      file: 'packages/node/src/peers.ts',
      find: 'if (this.#isPast(from)) return refuse(',
      replace: 'if (this.#closed) return refuse(',
      tests: ['packages/node/test/peers.test.ts', 'packages/node/test/join.test.ts'],
    },
    {
      name: 'lease-counted-from-the-answer',
      breaks: 'A node counts its lease from when the confirmation arrives: it ends after the others stopped waiting (I1).',
      file: 'packages/node/src/lease.ts',
      find: 'this.#endsAt = Math.max(this.#endsAt, sentAt + this.#lengthMs);',
      replace: 'this.#endsAt = Math.max(this.#endsAt, now + this.#lengthMs);',
      tests: ['packages/node/test/lease.test.ts'],
    },
    {
      name: 'access-after-the-lease',
      breaks: 'An access to a page that is here does not look whether the lease still holds (I1).',
      file: 'packages/node/src/pager.ts',
      find: 'if (this.#agent === undefined || !this.#ports.leaseHolds(now)) throw this.#endedError();',
      replace: 'if (this.#agent === undefined) throw this.#endedError();',
      tests: pagerTests,
    },
    {
      name: 'fence-keeps-rights',
      breaks: 'A node that fences itself leaves its pages readable and writable: the next life computes on stale memory (I1, I2).',
      file: 'packages/node/src/pager.ts',
      find: '    this.#frames.revokeAll();\n    this.#ended = ended;',
      replace: '    this.#ended = ended;',
      tests: pagerTests,
      quick: true,
    },
    {
      name: 'region-deletion-not-told',
      breaks: 'The nodes do not hear that a region is deleted: they go on using what they hold of it.',
      file: 'packages/coordinator/src/cluster.ts',
      find: "    this.#ports.send(this.#membership.liveLinks(), { kind: 'region-deleted', region });\n",
      replace: '',
      tests: ['packages/coordinator/test/router.test.ts'],
    },
  ],
};
