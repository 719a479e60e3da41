import type { MutantGroup } from '../mutant.js';

const region = 'packages/node/src/region-handle.ts';
const tests = ['packages/node/test/partly-here.test.ts', 'packages/node/test/pager.test.ts', 'packages/node/test/pin.test.ts'];

/** What a program calls. */
export const regionAccessMutants: MutantGroup = {
  title: 'region access',
  mutants: [
    {
      name: 'read-modify-write-split',
      breaks: 'An atomic operation on a page that is here reads now and stores a turn later: updates made in between are lost.',
      file: region,
      find: 'const before = applyAtomic(this.#region.memory.range(start, this.pageBytes), offset - start, atomic);',
      replace: [
        'const { memory } = this.#region;',
        '        const page = memory.view(index).slice();',
        '        const before = applyAtomic(page, offset - index * this.pageBytes, atomic);',
        '        queueMicrotask(() => memory.view(index).set(page));',
      ].join('\n'),
      tests,
      quick: true,
    },
    {
      name: 'load-right-for-a-store',
      breaks: 'An atomic operation that stores asks for the right to load only: it changes a copy that others share (I1).',
      file: region,
      find: "const right = atomicWrites(atomic.op) ? 'exclusive' : 'readonly';",
      replace: "const right = atomicWrites(atomic.op) && atomic.op !== 'add' ? 'exclusive' : 'readonly';",
      tests,
    },
    {
      name: 'bytes-of-a-write-not-copied',
      breaks: 'A write that waits for its page stores what its caller has put into the array meanwhile.',
      file: region,
      find: '      const own = copied(bytes, this.name);',
      replace: '      const own = bytes;',
      tests,
    },
    {
      name: 'read-returns-the-frame',
      breaks: 'A read answers with the frame and not with a copy: what is stored later shows in what was read before.',
      file: region,
      find: 'const bytes = memory.range(offset, length).slice();',
      replace: 'const bytes = memory.range(offset, length);',
      tests,
    },
    {
      name: 'present-pages-read-late',
      breaks: 'Pages of a range that are here are not used before the others are waited for: what a long read returns is full of zeros.',
      file: region,
      find: '      else access.use(index);',
      replace: '      else if (missing.length > 1) access.use(index);',
      tests,
    },
    {
      name: 'write-right-of-a-pin-not-asked',
      breaks: 'A pin asks for pages beyond the first readonly: who holds it stores into copies of others (I1).',
      file: 'packages/node/src/pin.ts',
      find: 'while (this.#next < this.#end && this.#region.permits(this.#next, this.right)) {\n      this.#pager.pin(this.#region, this.#next, this.right);',
      replace:
        "while (this.#next < this.#end && this.#region.permits(this.#next, 'readonly')) {\n      this.#pager.pin(this.#region, this.#next, 'readonly');",
      tests,
    },
  ],
};
