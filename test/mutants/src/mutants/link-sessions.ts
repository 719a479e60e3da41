import type { MutantGroup } from '../mutant.js';

const session = 'packages/transport/src/link-session.ts';
const inbox = 'packages/transport/src/inbox.ts';
const tests = ['packages/transport/test/outbox.test.ts', 'packages/transport/test/link-session.test.ts'];

/** The ordered stream that outlives its connections. */
export const linkSessionMutants: MutantGroup = {
  title: 'link sessions',
  mutants: [
    {
      name: 'resumed-link-loses-envelopes',
      breaks: 'Envelopes of a message that a pause had split are gone when the connection is cut before they were handed out.',
      file: session,
      find: '    this.#held = [];\n    this.#lastCause = cause;',
      replace: '    this.#held = [];\n    this.#inbox.discard();\n    this.#lastCause = cause;',
      tests,
    },
    {
      name: 'resumed-link-repeats-envelopes',
      breaks: 'A message whose envelopes were handed out in part is asked for again after a cut: some are delivered twice.',
      file: inbox,
      find: '    return this.#received;\n  }',
      replace: '    if (this.#message !== undefined) this.#received -= 1;\n    this.#message = undefined;\n    return this.#received;\n  }',
      tests,
    },
    {
      name: 'repeated-message-admitted',
      breaks: 'A message that comes a second time is delivered a second time.',
      file: inbox,
      find: 'if (sequence !== this.#received + 1) return no(',
      replace: 'if (sequence > this.#received + 1) return no(',
      tests,
      quick: true,
    },
    {
      name: 'resumed-link-skips-a-message',
      breaks: 'The first message that the peer has not received is not sent again over the new connection.',
      file: 'packages/transport/src/outbox.ts',
      find: '    this.acknowledge(received);\n    this.#sent = this.#acknowledged;',
      replace: '    this.acknowledge(received);\n    this.#sent = Math.min(this.#acknowledged + 1, this.#sealed);',
      tests,
    },
    {
      name: 'unsent-taken-for-acknowledged',
      breaks: 'An acknowledgement lets go of one message more than it names: after a cut that one cannot be sent again.',
      file: 'packages/transport/src/outbox.ts',
      find: 'while (this.#acknowledged < sequence) {',
      replace: 'while (this.#acknowledged < Math.min(sequence + 1, this.#sealed)) {',
      tests,
    },
    {
      name: 'pause-not-kept',
      breaks: 'A link that was told to pause goes on delivering: messages of a node that is no member yet are heard (I5).',
      file: session,
      find: 'while (inbox.isBusy && !this.#paused) {',
      replace: 'while (inbox.isBusy) {',
      tests,
    },
  ],
};
