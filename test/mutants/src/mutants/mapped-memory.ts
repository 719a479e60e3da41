import type { MutantGroup } from '../mutant.js';

const memory = 'packages/node/src/mapped/mapped-memory.ts';
const residence = 'packages/node/src/mapped/residence.ts';
const windowTests = [
  'packages/node/test/page-memory.test.ts',
  'packages/node/test/mapped-windows.test.ts',
  'packages/node/test/mapped-windows-life.test.ts',
  'packages/node/test/plain-world.test.ts',
];
const faultTests = [
  'packages/node/test/plain-faults.test.ts',
  'packages/node/test/residence.test.ts',
  'packages/node/test/plain-world.test.ts',
];

/** What stands between the kernel and the pager. */
export const mappedMemoryMutants: MutantGroup = {
  title: 'mapped memory',
  mutants: [
    {
      name: 'mapping-stays-readable',
      breaks: 'A page that is taken away stays mapped: threads go on reading and writing it (I1, I4).',
      file: memory,
      find: "      case 'drop':\n        return userfaultfd.drop(range);",
      replace: "      case 'drop':\n        return;",
      tests: windowTests,
    },
    {
      name: 'one-window-of-several-changed',
      breaks: 'A change reaches only the first of the windows that show the page: threads that use another one keep the old right (I1).',
      file: memory,
      find: [
        '      if (start < end) this.#make(pending.change, {',
        'address: window.mapping.address + start - window.offset, bytes: end - start });',
      ].join(' '),
      replace: [
        '      if (start < end) return this.#make(pending.change, {',
        'address: window.mapping.address + start - window.offset, bytes: end - start });',
      ].join(' '),
      tests: windowTests,
    },
    {
      name: 'readonly-page-writable',
      breaks: 'A page that may be read is mapped writable: stores to it do not fault (I1).',
      file: memory,
      find: 'return userfaultfd.install(range, false);',
      replace: 'return userfaultfd.install(range, true);',
      tests: windowTests,
    },
    {
      name: 'downgraded-page-writable',
      breaks: 'A downgraded page is not write-protected: its former owner stores on (I1, I3).',
      file: memory,
      find: "      case 'protect':\n        return userfaultfd.protect(range);",
      replace: "      case 'protect':\n        return;",
      tests: windowTests,
    },
    {
      name: 'frame-read-while-threads-store',
      breaks: 'The bytes of a page are read before the call that takes it from the threads: a store made in between is lost (I3).',
      file: memory,
      find: "    if (this.#pending?.change === 'drop' || this.#pending?.change === 'protect') this.flush();\n",
      replace: '',
      tests: windowTests,
    },
    {
      name: 'page-not-mapped-again',
      breaks: 'A thread that faults on a page which may be used is not woken, as after the kernel has reclaimed it: it stands for ever.',
      file: memory,
      find: 'if (this.rightOf(index) >= pageRights[right]) this.#reinstall(window, index);',
      replace: 'if (this.rightOf(index) >= pageRights[right]) return;',
      tests: windowTests,
    },
    {
      name: 'fence-leaves-mappings',
      breaks: 'A fenced node takes the rights from its table and leaves the pages mapped: threads compute on stale memory (I1).',
      file: memory,
      find: '    for (const window of this.#open) this.#parts.userfaultfd.drop(window.mapping);\n',
      replace: '',
      tests: [...windowTests, 'packages/node/test/mapped-frames.test.ts'],
    },
    {
      name: 'residence-ignored',
      breaks: 'A page that was granted to a plain access is not held until the access is done: under contention it never is (livelock).',
      file: 'packages/node/src/mapped/plain-faults.ts',
      find: 'if (error === undefined) residence.hold({ region, index, right: access.right }, access.threads);\n    else unservable(error);',
      replace: 'if (error !== undefined) unservable(error);',
      tests: faultTests,
      quick: true,
    },
    {
      name: 'residence-does-not-grow',
      breaks: 'A page goes after the shortest stay although the thread that waited for it has not run: under load it never gets to it.',
      file: residence,
      find: 'if (ran === false && stay.us < residenceUs.longest) {',
      replace: 'if (ran === false && stay.us < residenceUs.first) {',
      tests: faultTests,
    },
    {
      name: 'killed-after-the-lease',
      breaks:
        'A stopped process with mapped memory is ended after the others stopped waiting for it: its threads may store until then (I1).',
      file: 'packages/node/src/mapped/lease-deadline.ts',
      find: 'this.#now() + lease.inMs + lease.marginMs / 2',
      replace: 'this.#now() + lease.inMs + lease.marginMs * 2',
      tests: ['packages/node/test/lease-deadline.test.ts'],
    },
  ],
};
