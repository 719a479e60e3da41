import type { MutantGroup } from '../mutant.js';

const transactions = 'packages/protocol/src/home/transactions.ts';
const home = 'packages/protocol/src/home/home.ts';

/** The directory: who is told what, and in which order. */
export const homeMutants: MutantGroup = {
  title: 'home',
  mutants: [
    {
      name: 'skip-one-sharer',
      breaks: 'Of several sharers the first is neither told to give its copy up nor waited for: it reads beside a writer (I1, I2).',
      file: transactions,
      find: 'const others = without(sharers, from);',
      replace: 'const others = without(sharers, from).slice(sharers.length > 2 ? 1 : 0);',
      quick: true,
    },
    {
      name: 'grant-names-no-ackers',
      breaks: 'The grant of an exclusive right does not say whose acks to wait for, so a writer starts while sharers still read (I1).',
      file: transactions,
      find: "source: own ? 'own' : source === undefined ? 'content' : 'peer', ackers, content },",
      replace: "source: own ? 'own' : source === undefined ? 'content' : 'peer', ackers: [], content },",
    },
    {
      name: 'queued-request-dropped',
      breaks: 'A request that arrives while others wait for the page takes their place in the queue: theirs are never answered (I6).',
      file: transactions,
      find: 'else entry.queue.push(queued);',
      replace: 'else entry.queue = [queued];',
    },
    {
      name: 'newest-request-first',
      breaks: 'The queue of a busy page is served from its end: with three nodes that keep asking, the first of them waits without end.',
      file: transactions,
      find: 'for (let next = queue.shift(); next !== undefined; next = queue.shift()) {',
      replace: 'for (let next = queue.pop(); next !== undefined; next = queue.pop()) {',
    },
    {
      name: 'upgrade-of-an-invalidated-sharer',
      breaks: 'A node that lost its copy while it asked for more is told that its own copy will do (I2).',
      file: transactions,
      find: 'const own = sharers.includes(from) && item.held === floor;',
      replace: 'const own = item.held !== undefined;',
      quick: true,
    },
    {
      name: 'old-bytes-stay-at-home',
      breaks: 'The home keeps the bytes of before an exclusive grant, and hands them out once the page is shared again (I2, I3).',
      file: transactions,
      find: '  entry.floor = transaction.version;\n  core.dropBytes(entry);',
      replace: '  entry.floor = transaction.version;',
    },
    {
      name: 'floor-not-raised',
      breaks: 'A commit does not raise the committed version: the home goes on with one that is gone (rule 6).',
      file: transactions,
      find: '  entry.floor = transaction.version;\n  core.dropBytes(entry);',
      replace: '  core.dropBytes(entry);',
    },
    {
      name: 'write-back-lost',
      breaks: 'What an owner gives back unasked is recorded as zeros: its writes are gone (I8).',
      file: transactions,
      find: [
        "'a release without bytes by the owner');",
        '    if (entry.bytes === undefined && item.content !== undefined) core.store(entry, item.content);',
      ].join('\n'),
      replace: [
        "'a release without bytes by the owner');",
        "    if (entry.bytes === undefined && item.content !== undefined) core.store(entry, 'zero');",
      ].join('\n'),
    },
    {
      name: 'write-back-while-busy-lost',
      breaks: 'Bytes given back while the page is busy are not kept; if the node that should send them dies, nobody has them (rule 5, I8).',
      file: transactions,
      find: 'if (entry.bytes === undefined && item.content !== undefined && version === entry.floor) core.store(entry, item.content);',
      replace: '',
    },
    {
      name: 'downgraded-bytes-not-kept',
      breaks: 'The home does not keep what a downgraded owner sends it: with the reader and the owner the page is gone (rule 9, I8).',
      file: transactions,
      find: '  if (entry.bytes === undefined) core.store(entry, item.content);\n  transaction.awaitingDowngraded = false;',
      replace: '  transaction.awaitingDowngraded = false;',
    },
    {
      name: 'trimmed-without-another-holder',
      breaks: 'Memory is made by dropping bytes of pages that nobody holds: they exist nowhere else (I8).',
      file: home,
      find: "if (entry?.state.kind !== 'shared') return out.ignored(",
      replace: "if (entry === undefined || entry.state.kind === 'busy') return out.ignored(",
    },
    {
      name: 'request-never-too-old',
      breaks: 'A request whose turn does not come is never refused: whoever asked waits without end (I6).',
      file: home,
      find: 'now - queued.since >= this.#queueTimeoutMs',
      replace: 'now - queued.since >= Number.POSITIVE_INFINITY',
    },
    {
      name: 'home-hears-strangers',
      breaks: 'The home acts on what a node sent in a life that has ended (I5).',
      file: home,
      find: 'if (!this.#core.members.has(from)) return out.ignored(',
      replace: 'if (from === undefined) return out.ignored(',
    },
  ],
};
