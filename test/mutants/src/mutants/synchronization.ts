import type { MutantGroup } from '../mutant.js';

const pools = 'packages/protocol/src/sync/pools.ts';
const barriers = 'packages/protocol/src/sync/barriers.ts';
const queues = 'packages/protocol/src/sync/wait-queues.ts';
const sendQueue = 'packages/node/src/sync/send-queue.ts';
const sendTests = ['packages/node/test/send-queue.test.ts'];

/** Locks, semaphores, barriers, waits on addresses. */
export const synchronizationMutants: MutantGroup = {
  title: 'synchronization',
  mutants: [
    {
      name: 'lock-granted-twice',
      breaks: 'A lock that is held is granted to the next who asks.',
      file: pools,
      find: 'pool.free -= claim.count;',
      replace: "pool.free -= pool.kind === 'lock' ? 0 : claim.count;",
    },
    {
      name: 'semaphore-over-granted',
      breaks: 'Whoever asks for several permits gets them when one is free.',
      file: pools,
      find: 'if (claim.count > pool.free) break;',
      replace: 'if (pool.free <= 0) break;',
    },
    {
      name: 'token-not-growing',
      breaks: 'The token of a lock does not grow from holder to holder: what it protects cannot refuse an older one.',
      file: pools,
      find: 'id: claim.id, token: this.#lastToken, abandoned });',
      replace: 'id: claim.id, token: claim.id, abandoned });',
    },
    {
      name: 'dead-holder-keeps-its-lock',
      breaks: 'A lock whose holder died is never granted again.',
      file: pools,
      find: '      pool.abandoned = true;\n      pool.free += claim.count;',
      replace: '      pool.abandoned = true;',
    },
    {
      name: 'next-holder-not-warned',
      breaks: 'Who gets a lock after its holder died is not told that what it protects may be half changed.',
      file: pools,
      find: '      pool.abandoned = true;\n      pool.free += claim.count;',
      replace: '      pool.free += claim.count;',
    },
    {
      name: 'barrier-passes-one-short',
      breaks: 'A barrier of several parties passes when one of them is still to come.',
      file: barriers,
      find: 'if (barrier.waiting.size === parties) this.#pass(barrier);',
      replace: 'if (barrier.waiting.size >= Math.max(1, parties - 1)) this.#pass(barrier);',
    },
    {
      name: 'barrier-waits-for-the-dead',
      breaks: 'A node that passed a barrier dies before it comes again, and the others wait for it without end.',
      file: barriers,
      find: 'const tookPart = barrier.last.has(dead) || [...barrier.waiting]',
      replace: 'const tookPart = [...barrier.waiting]',
    },
    {
      name: 'notify-wakes-nobody',
      breaks: 'A notify takes waiters out of the queue and tells them nothing.',
      file: queues,
      find: "      this.#core.reply(waiter.member, { kind: 'woken', id: waiter.id });\n",
      replace: '',
    },
    {
      name: 'stale-look-queued',
      breaks: 'A wait is queued although the page has been written since its waiter looked: the wake-up for it has passed already.',
      file: queues,
      find: "if (message.version < standing.version) return core.reply(from, { kind: 'look-again', id });",
      replace: '',
      quick: true,
    },
    {
      name: 'own-store-missed',
      breaks: 'A waiter that held the page exclusive does not look again once it is queued: a store of its own node in between is missed.',
      file: 'packages/protocol/src/sync/address-wait.ts',
      find: "const again = recheck || (state.kind === 'registering' && state.right === 'exclusive');",
      replace: 'const again = recheck;',
    },
    {
      name: 'uncommitted-writer-missed',
      breaks: 'A wait that is queued while a new version is being granted is not told to look again: a store under it can be missed.',
      file: queues,
      find: "core.reply(from, { kind: 'waiting', id, recheck: standing.newer });",
      replace: "core.reply(from, { kind: 'waiting', id, recheck: false });",
    },
    {
      name: 'no-look-after-a-death',
      breaks: 'A node dies after it has stored and before it could notify, and nobody who waits looks at the value.',
      file: queues,
      find: "for (const { member, id } of queue) this.#core.reply(member, { kind: 'waiting', id, recheck: true });",
      replace: "for (const { member, id } of queue) this.#core.reply(member, { kind: 'waiting', id, recheck: false });",
    },
    {
      name: 'lock-given-back-before-its-writes',
      breaks: 'A lock is given back while writes made under it are under way: the next holder may miss them.',
      file: sendQueue,
      find: 'const written = published.has(message.kind) ? this.#ports.written() : undefined;',
      replace: 'const written = undefined as Promise<unknown> | undefined;',
      tests: sendTests,
    },
    {
      name: 'lock-given-back-unconfirmed',
      breaks:
        'A lock is given back before the writes made under it are confirmed: their node dies, and the next holder has seen none (rule 7).',
      file: sendQueue,
      find: 'const confirmed = written === undefined ? this.#ports.exposed() : undefined;',
      replace: 'const confirmed = undefined as Promise<void> | undefined;',
      tests: sendTests,
    },
  ],
};
