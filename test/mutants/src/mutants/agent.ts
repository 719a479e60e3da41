import type { MutantGroup } from '../mutant.js';

const agent = 'packages/protocol/src/agent/agent.ts';
const requests = 'packages/protocol/src/agent/requests.ts';
const commands = 'packages/protocol/src/agent/commands.ts';
const releases = 'packages/protocol/src/agent/releases.ts';
const exposure = 'packages/protocol/src/agent/exposure.ts';

/** One node's side of the protocol, while everybody lives. */
export const agentMutants: MutantGroup = {
  title: 'agent',
  mutants: [
    {
      name: 'grant-before-the-acks',
      breaks: 'A granted page is used before every sharer has said that its copy is gone: a reader beside a writer (I1).',
      file: requests,
      find: 'if (request.grant === undefined || request.grant.awaited.size > 0) return;',
      replace: 'if (request.grant === undefined) return;',
      quick: true,
    },
    {
      name: 'ack-before-the-mapping-is-gone',
      breaks: 'Messages of a step leave before its rights are taken away, so a sharer acks what it can still read (I4).',
      file: 'packages/protocol/src/agent/step-output.ts',
      find: [
        '    const effects = this.#before;',
        "    this.#outbox.drain((to, message) => effects.push({ kind: 'send', to, message }));",
      ].join('\n'),
      replace: [
        '    const effects: AgentEffect[] = [];',
        "    this.#outbox.drain((to, message) => effects.push({ kind: 'send', to, message }));",
        '    effects.push(...this.#before);',
      ].join('\n'),
    },
    {
      name: 'stale-version-accepted',
      breaks: 'Bytes and acks of a request that has ended count for the next one, so an old version is installed as the new one (I2, I5).',
      file: requests,
      find: 'isWaiting(record.state) && record.state.request.id === item.id ? record.state : undefined',
      replace: 'isWaiting(record.state) && item.id <= record.state.request.id ? record.state : undefined',
    },
    {
      name: 'early-ack-forgotten',
      breaks: 'An ack that overtakes the grant that announces it is not remembered: the writer waits for it without end (I6).',
      file: requests,
      find: 'item.ackers.filter((acker) => !request.early.has(acker) && !core.lost.has(acker))',
      replace: 'item.ackers.filter((acker) => !core.lost.has(acker))',
    },
    {
      name: 'refused-upgrade-drops-the-copy',
      breaks: 'A refused upgrade forgets the readonly copy that is still mapped and on record at the home (I7).',
      file: requests,
      find: "record.state = state.kind === 'upgrading' ? { kind: 'readonly', version: state.version } : { kind: 'invalid' };",
      replace: "record.state = { kind: 'invalid' };",
    },
    {
      name: 'deadline-not-enforced',
      breaks: 'An access past its deadline does not end as long as its request is under way: a stuck access.',
      file: requests,
      find: 'if (state.request.deadline > now) continue;',
      replace: 'if (state.request.deadline >= 0) continue;',
    },
    {
      name: 'fault-lost-in-a-release',
      breaks: 'A fault that comes while its page is given back is not asked for again afterwards: a stuck access.',
      file: releases,
      find: 'if (wanted === undefined) return;',
      replace: 'if (wanted === undefined || now >= 0) return;',
    },
    {
      name: 'pin-not-honoured',
      breaks: 'A page is given up although it is pinned: who holds the pin goes on storing into a page of somebody else (I1).',
      file: commands,
      find: 'if (record.deferred.length > 0 || pinned(record, cmd)) record.deferred.push(cmd);',
      replace: 'if (record.deferred.length > 0) record.deferred.push(cmd);',
    },
    {
      name: 'commands-overtake-a-pin',
      breaks: 'A command that no pin forbids is carried out before one that waits for a pin: the order of the home is lost.',
      file: commands,
      find: 'if (record.deferred.length > 0 || pinned(record, cmd)) record.deferred.push(cmd);',
      replace: 'if (pinned(record, cmd)) record.deferred.push(cmd);',
    },
    {
      name: 'owner-writes-on-after-a-downgrade',
      breaks: 'A downgraded owner keeps its right to store: the copies it sent are stale (I1, I3).',
      file: commands,
      find: "    out.memory({ kind: 'protect', page });\n",
      replace: '',
    },
    {
      name: 'message-overtakes-a-held-one',
      breaks: 'A message passes an earlier one about its page that waits for a confirmation: what the home hears is out of order.',
      file: exposure,
      find: '    if (record.gated === 0) {\n      out.send(to, kind, item, weight);\n    } else {',
      replace: '    if (record.gated >= 0) {\n      out.send(to, kind, item, weight);\n    } else {',
    },
    {
      name: 'held-message-shows-later-bytes',
      breaks: 'A message that waits for a confirmation is filled when it leaves, with what the frame holds by then (I3).',
      file: exposure,
      find: 'return { ...item, content: { frame, snapshot: this.#snapshots } };',
      replace: 'return { ...item, content: { frame } };',
    },
    {
      name: 'region-deletion-leaves-rights',
      breaks: 'The pages of a deleted region stay mapped: programs go on computing on memory that is nobody’s.',
      file: agent,
      find: "      out.memory({ kind: 'revoke', page });\n      out.forget(page);",
      replace: '      out.forget(page);',
    },
  ],
};
