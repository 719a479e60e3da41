import type { MutantGroup } from '../mutant.js';

const agent = 'packages/protocol/src/agent/agent.ts';
const requests = 'packages/protocol/src/agent/requests.ts';
const commands = 'packages/protocol/src/agent/commands.ts';
const exposure = 'packages/protocol/src/agent/exposure.ts';
const transactions = 'packages/protocol/src/home/transactions.ts';
const repair = 'packages/protocol/src/home/repair.ts';
const home = 'packages/protocol/src/home/home.ts';

/** What goes well until a node dies at the wrong moment. */
export const repairMutants: MutantGroup = {
  title: 'repair after a death',
  mutants: [
    {
      name: 'no-query-after-a-death',
      breaks: 'After a death only the requester is asked what it holds: copies of the others are forgotten (rule 1, I7).',
      file: repair,
      find: 'if (!core.members.has(member)) continue;',
      replace: 'if (!core.members.has(member) || member !== requester) continue;',
      quick: true,
    },
    {
      name: 'floor-ignored-after-a-death',
      breaks: 'A late release puts bytes below the committed version into the home; the owner dies, and they are reinstated (rule 6, I2).',
      file: transactions,
      find: 'if (entry.bytes === undefined && item.content !== undefined && version === entry.floor) core.store(entry, item.content);',
      replace: 'if (entry.bytes === undefined && item.content !== undefined) core.store(entry, item.content);',
    },
    {
      name: 'old-round-believed',
      breaks: 'A report of an earlier round counts for the present one, though its sender has carried out commands since (rule 1).',
      file: repair,
      find: "if (entry.state.kind !== 'busy' || repair?.round !== item.round) return out.ignored(",
      replace: "if (entry.state.kind !== 'busy' || repair === undefined) return out.ignored(",
    },
    {
      name: 'second-grant-ignored',
      breaks: 'A grant that repairs the first one is not taken: its requester waits for bytes of a dead node (I6).',
      file: requests,
      find: "if (state === undefined) return out.ignored('grant', 'its request has ended', record.page);",
      replace: "if (state?.request.grant !== undefined || !state) return out.ignored('grant', 'its request has ended', record.page);",
    },
    {
      name: 'dead-acker-awaited',
      breaks: 'The ack of a node that died is waited for without end (I6).',
      file: requests,
      find: 'record.state.request.grant?.awaited.delete(member) === true) install(core, record, out);',
      replace: 'record.state.request.grant?.awaited.has(member) === undefined) install(core, record, out);',
    },
    {
      name: 'dead-node-still-heard',
      breaks: 'Bytes of a node that was declared dead are installed, after the others agreed to go on without them (I5).',
      file: agent,
      find: 'if (from !== HOME && this.#core.lost.has(from)) return out.ignored(',
      replace: 'if (from === undefined) return out.ignored(',
    },
    {
      name: 'sharers-forgotten-at-the-grant',
      breaks:
        'Sharers are struck off when they are told and not when they have done it: the requester dies, and they still read (rule 2, I7).',
      file: transactions,
      find: 'start(core, entry, from, item, { version, sharers, source, keepers: keep ? others : [] });',
      replace: 'start(core, entry, from, item, { version, sharers: [], source, keepers: keep ? others : [] });',
    },
    {
      name: 'owner-keeps-no-copy',
      breaks: 'An owner that hands its page over keeps nothing: the requester dies, and the page with it (rule 3, I8).',
      file: transactions,
      find: "out.send(owner, 'transfer', { page, id: item.id, to: from, version: floor, keep: true });",
      replace: "out.send(owner, 'transfer', { page, id: item.id, to: from, version: floor, keep: false });",
    },
    {
      name: 'sharers-keep-no-copy',
      breaks: 'Sharers that are turned out of a page that the home has no bytes of keep nothing (rule 3, I8).',
      file: transactions,
      find: '  const keep = bytes === undefined;',
      replace: '  const keep = false;',
    },
    {
      name: 'aborted-version-issued-again',
      breaks: 'The number of an aborted grant is given again: two contents bear one version (rule 10, I3).',
      file: transactions,
      find: 'entry.issued = nextVersion(entry.issued);',
      replace: 'entry.issued = nextVersion(entry.floor);',
    },
    {
      name: 'abort-not-settled',
      breaks: 'Who kept a copy for a grant that was aborted is not told: it keeps it for ever.',
      file: repair,
      find: "if (transaction.right === 'exclusive') settle(entry, transaction, [...repair.reports.keys()], out);",
      replace: '',
    },
    {
      name: 'kept-copy-dropped-early',
      breaks: 'A keeper that asks for the page again lets its copy go at once, before the new one is committed (rule 3, I8).',
      file: requests,
      find: "  core.exposure.send(record, HOME, 'acquire', {",
      replace: "  record.kept = undefined;\n  core.exposure.send(record, HOME, 'acquire', {",
    },
    {
      name: 'settled-drops-nothing',
      breaks: 'Copies that were kept for a grant stay after it is committed: memory that is never given back, and old bytes to reinstate.',
      file: commands,
      find: 'if (record.kept !== undefined && record.kept < item.version) {',
      replace: 'if (record.kept !== undefined && record.kept > item.version) {',
    },
    {
      name: 'clean-release-without-bytes',
      breaks: 'A clean copy is given back without its bytes, though it may be the last one (rule 4, I8).',
      file: 'packages/protocol/src/agent/releases.ts',
      find: "const content: Content = state.version === version(0) ? 'zero' : { frame: page };",
      replace:
        "const content: Content | undefined = state.version === version(0) ? 'zero' : state.kind === 'readonly' ? undefined : { frame: page };",
    },
    {
      name: 'exposed-without-confirmation',
      breaks:
        'Bytes that depend on an unconfirmed grant are shown to others; the node dies, and what they followed from never was (rule 7).',
      file: exposure,
      find: 'if (this.#unconfirmed.size === 0 && record.gated === 0) {',
      replace: 'if (record.gated === 0) {',
      quick: true,
    },
    {
      name: 'dead-sharer-stays-on-record',
      breaks: 'A sharer that died is still told to give its copy up, and its ack is waited for (I6).',
      file: home,
      find: "} else if (state.kind === 'shared' && state.sharers.includes(dead)) {",
      replace: "} else if (state.kind === 'shared' && state.sharers.every((sharer) => sharer === dead)) {",
    },
    {
      name: 'request-of-the-dead-served',
      breaks: 'Requests that a dead node had in the queue are served: the page is granted to nobody, and stays busy (I6).',
      file: home,
      find: 'entry.queue = entry.queue.filter((queued) => queued.from !== dead);',
      replace: "entry.queue = entry.queue.filter((queued) => queued.from !== dead || queued.kind === 'acquire');",
    },
  ],
};
