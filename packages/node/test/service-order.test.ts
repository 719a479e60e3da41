import { limits, type Right, regionId } from '@pagewire/protocol';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createService } from '../src/service.js';
import { TestHost, TestLink, type TestRegion } from './service-fixture.js';

const PAGES = 4;
const PAGE_BYTES = 64;

type Step =
  | { readonly kind: 'read' | 'write'; readonly page: number; readonly count: number }
  | { readonly kind: 'right'; readonly page: number; readonly right: Right | 'none' };

const page = fc.nat(PAGES - 1);
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('read' as const, 'write' as const), page, count: fc.constantFrom(1, 1, 1, 2, 3) }),
    fc.record({
      kind: fc.constant('right' as const),
      page,
      right: fc.constantFrom('none' as const, 'readonly' as const, 'exclusive' as const),
    }),
  ),
  { maxLength: Math.min(60, limits.maxOperationsPerClient) },
);

/** One client that never waits for an answer, and the pages as it must see them in the order of its requests. */
class Pipeliner {
  readonly link = new TestLink();
  readonly region: TestRegion;
  readonly expected = new Map<number, Uint8Array>();
  readonly #model = new Uint8Array(PAGES * PAGE_BYTES);
  #asked = 0;

  constructor() {
    const host = new TestHost();
    this.region = host.create('grid', PAGES * PAGE_BYTES, PAGE_BYTES);
    const acceptance = createService(host).accept(this.link.peer, this.link);
    this.link.handlers = 'handlers' in acceptance ? acceptance.handlers : undefined;
  }

  async open(): Promise<void> {
    await this.link.open('grid');
  }

  step(step: Step): void {
    if (step.kind === 'right') {
      this.region.setRight(step.page, step.right);
      return;
    }
    const id = ++this.#asked;
    const offset = step.page * PAGE_BYTES;
    const length = Math.min(step.count, PAGES - step.page) * PAGE_BYTES;
    if (step.kind === 'read') {
      this.expected.set(id, this.#model.slice(offset, offset + length));
      this.link.ask({ kind: 'read', id, region: regionId(1), offset, length });
    } else {
      const content = new Uint8Array(length).fill(id);
      this.#model.set(content, offset);
      this.link.ask({ kind: 'write', id, region: regionId(1), offset, content });
    }
  }

  async settle(): Promise<void> {
    for (let index = 0; index < PAGES; index++) this.region.setRight(index, 'exclusive');
    await vi.waitFor(() => expect(this.link.answered).toHaveLength(this.#asked), { interval: 1 });
  }

  get seen(): Map<number, Uint8Array> {
    return new Map(this.link.received.flatMap((message) => (message.kind === 'bytes-read' ? [[message.id, message.content]] : [])));
  }
}

test('a client that does not wait sees its own writes on each page in the order of its requests, however pages come and go', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const client = new Pipeliner();
      await client.open();
      for (const step of script) {
        client.step(step);
        await Promise.resolve();
      }
      await client.settle();
      for (const [id, bytes] of client.expected) expect(client.seen.get(id), `read ${id}`).toEqual(bytes);
    }),
    { numRuns: 300 },
  );
});
