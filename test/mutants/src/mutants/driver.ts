import type { MutantGroup } from '../mutant.js';

const pager = 'packages/node/src/pager.ts';
const pagerTests = [
  'packages/node/test/pager.test.ts',
  'packages/node/test/pager-window.test.ts',
  'packages/node/test/pager-sends.test.ts',
];

/** What feeds the agent and performs what it decides: pager, windows, confirmations. */
export const driverMutants: MutantGroup = {
  title: 'driver',
  mutants: [
    {
      name: 'bytes-read-after-the-effect',
      breaks: 'Bytes of a message are read when the turn is over: what was stored since then travels under an old version (I3).',
      file: pager,
      find: '    this.#ports.send(to, message, this.#frames.source);\n',
      replace: '    queueMicrotask(() => this.#ports.send(to, message, this.#frames.source));\n',
      tests: pagerTests,
      quick: true,
    },
    {
      name: 'message-before-the-flush',
      breaks: 'A message leaves before the changes that it tells of hold for every thread: an ack of what can still be read (I4).',
      file: pager,
      find: '    this.#frames.flush();\n    this.#ports.send(',
      replace: '    this.#ports.send(',
      tests: pagerTests,
    },
    {
      name: 'access-run-with-too-little-right',
      breaks: 'A store that waits behind a load of the same page is made when the page comes readonly (I1).',
      file: 'packages/node/src/faults.ts',
      find: "if (access.right === 'exclusive' && right === 'readonly') unsatisfied.push(access);",
      replace: 'if (access.settled) unsatisfied.push(access);',
      tests: pagerTests,
    },
    {
      name: 'one-access-of-several-run',
      breaks: 'Of the accesses that wait for a page only the first is made when it comes; the others wait without end.',
      file: 'packages/node/src/faults.ts',
      find: '      else access.run(pageIndex(page));\n',
      replace: '      else {\n        access.run(pageIndex(page));\n        break;\n      }\n',
      tests: pagerTests,
    },
    {
      name: 'access-after-the-permit',
      breaks: 'A permitted access is made after the turn and not before the next input: the page may be gone again by then (I1).',
      file: 'packages/node/src/faults.ts',
      find: '      else access.run(pageIndex(page));\n',
      replace: '      else queueMicrotask(() => access.run(pageIndex(page)));\n',
      tests: pagerTests,
    },
    {
      name: 'waiting-access-has-no-end',
      breaks: 'Accesses whose request is still to be made do not end at their deadline: stuck accesses.',
      file: 'packages/node/src/waiting-accesses.ts',
      find: 'if (now < this.#earliest) return [];',
      replace: 'if (now >= 0) return [];',
      tests: pagerTests,
    },
    {
      name: 'window-never-opens-again',
      breaks: 'Pages that have come go on counting as asked for: after a windowful no more are asked for.',
      file: 'packages/node/src/request-window.ts',
      find: '    this.#askedBytes -= take(this.#asked, page);\n    this.#slowBytes -= take(this.#slow, page);',
      replace: '    take(this.#asked, page);\n    this.#slowBytes -= take(this.#slow, page);',
      tests: [...pagerTests, 'packages/node/test/request-window.test.ts'],
    },
    {
      name: 'unpin-of-a-life-that-is-over',
      breaks: 'A pin of a life that is over, released late, lets a page of the next life go under whoever has pinned it there.',
      file: pager,
      find: 'if (life !== this.#lives || this.#agent === undefined || region.gone !== undefined) return;',
      replace: 'if (this.#agent === undefined || region.gone !== undefined) return;',
      tests: ['packages/node/test/pin.test.ts'],
    },
    {
      name: 'confirmed-too-early',
      breaks: 'One confirmation answers all who wait for one: answers leave that depend on later, unconfirmed grants (rule 7).',
      file: 'packages/node/src/confirmations.ts',
      find: 'if (awaited > upTo) break;',
      replace: 'if (awaited < 0) break;',
      tests: ['packages/node/test/confirmations.test.ts', 'packages/node/test/service.test.ts'],
    },
    {
      name: 'client-answered-before-confirmed',
      breaks: 'A client hears that its write is done before it is confirmed: the node dies, and an acknowledged write is lost (rule 7).',
      file: 'packages/node/src/service-client.ts',
      find: '      if (exposed !== undefined) await exposed;\n',
      replace: '',
      tests: ['packages/node/test/service.test.ts'],
    },
  ],
};
