import { join, type Node } from '@pagewire/node';
import { decodeMessage, encodeMessage, type Message, PagewireError, pageId, regionId } from '@pagewire/protocol';
import { type Link, type Listener, listen } from '@pagewire/transport';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Aim, fromHome, LatelySaid, mostly, replies, type Shot, syncReplies } from '../../../packages/protocol/test/aimed-messages.js';
import { fuzzed } from '../fuzzing.js';
import { StrayErrors } from '../stray-errors.js';

const file = 'test/fuzz/test/hostile-coordinator-fuzz.test.ts';
const region = regionId(5);
const aim: Aim = {
  pages: [0, 1, 2].map((index) => pageId(region, index)),
  regions: [region],
  members: [7, 8],
  names: ['grid', 'n1'],
  pageBytes: 1024,
};

interface Terms {
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  readonly waitedMs: number;
}
interface Script {
  readonly terms: Terms;
  /** What it says after each message that it hears, before it answers; the last one goes on. */
  readonly volleys: readonly (readonly Shot[])[];
  /** What it says a region is. */
  readonly record: { readonly bytes: number; readonly pageBytes: number };
  /** It answers every question with one of these, if with anything. */
  readonly answers: boolean;
  /** It begins when the node has joined, or only when accesses wait. */
  readonly patient: boolean;
}

/** The first one most of the time. */
const often = <T>(usual: T, other: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(other) });

const terms = fc.oneof(
  { weight: 9, arbitrary: fc.constant<Terms>({ leaseMs: 5000, renewEveryMs: 100, waitedMs: 0 }) },
  {
    weight: 1,
    arbitrary: fc.record({
      leaseMs: fc.constantFrom(0, 1, 0.5, 1e-9, 2 ** 31, 1e300),
      renewEveryMs: fc.constantFrom(0, 1e-9, 1, 2 ** 31, 1e300),
      waitedMs: fc.constantFrom(0, 1, 1e300),
    }),
  },
);
const record = fc.oneof(
  { weight: 9, arbitrary: fc.constant({ bytes: 3072, pageBytes: 1024 }) },
  {
    weight: 1,
    arbitrary: fc.record({
      bytes: fc.constantFrom(0, 1, 1000, 4096, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER),
      pageBytes: fc.constantFrom(0, 1, 3, 1024, 65_536, 2 ** 31, Number.MAX_SAFE_INTEGER),
    }),
  },
);
const said = mostly(...fromHome, ...syncReplies, ...replies, 'members', 'renewed', 'region-deleted', 'left');
const script: fc.Arbitrary<Script> = fc.record({
  terms,
  volleys: fc.array(fc.array(said, { maxLength: 4 }), { minLength: 1, maxLength: 6 }),
  record,
  answers: often(true, false),
  patient: often(true, false),
});

/** Lets nodes in, answers some of their questions, and otherwise says what its script says. */
class HostileCoordinator {
  #listener: Listener | undefined;
  #volleys = 0;
  #armed = false;
  readonly #said = new LatelySaid();
  readonly #links = new Set<Link>();

  constructor(private readonly script: Script) {
    this.#armed = !script.patient;
  }

  async start(): Promise<string> {
    this.#listener = await listen({
      host: '127.0.0.1',
      port: 0,
      accept: (_peer, link) => {
        this.#links.add(link);
        return { attributes: {}, handlers: { envelope: (bytes) => this.#hear(link, bytes), closed: () => void this.#links.delete(link) } };
      },
    });
    return this.#listener.url('ws');
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  /** Begins, and says its next volley to every node. */
  fire(): void {
    this.#armed = true;
    const { volleys } = this.script;
    const volley = volleys[this.#volleys++ % volleys.length] ?? [];
    for (const link of this.#links) for (const shot of volley) link.send(this.#said.shoot(aim, shot));
  }

  #hear(link: Link, bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) throw new Error(`the node sent what is no message: ${decoded.reason}`);
    const answer = this.#answer(decoded.message);
    this.#said.hear(bytes);
    if (this.#armed && decoded.message.kind !== 'join') this.fire();
    if (answer !== undefined) link.send(encodeMessage(answer));
  }

  #answer(message: Message): Message | undefined {
    const { answers, record: shape } = this.script;
    switch (message.kind) {
      case 'join':
        // The casts below are where a script's numbers become ids, which is what a peer's message does to them too.
        return { kind: 'joined', cluster: 'c', incarnation: 7 as never, ...this.script.terms };
      case 'renew':
        return { kind: 'renewed', sentAt: message.sentAt };
      case 'open-region':
        return answers ? { kind: 'region-opened', id: message.id, record: { region, name: message.name, ...shape } } : undefined;
      case 'acquire':
        return answers
          ? {
              kind: 'grant',
              items: message.items.map(({ page, id, right }) => ({
                page,
                id,
                right,
                version: 1 as never,
                source: 'content',
                ackers: [],
                content: 'zero',
              })),
            }
          : undefined;
      case 'leave':
        return { kind: 'left' };
      default:
        return undefined;
    }
  }
}

/** Throws unless `work` ends, within ten seconds, in a value or a PagewireError. */
async function ends(what: string, work: Promise<unknown>): Promise<unknown> {
  const late = new Promise<never>((_, reject) => setTimeout(reject, 10_000, new Error(`${what} hangs`)).unref());
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    if (error instanceof PagewireError) return error;
    throw error;
  }
}

/** Opens a region and begins accesses of every kind; `meanwhile` is called when they wait. Throws what is no PagewireError. */
async function use(node: Node, meanwhile: () => void): Promise<void> {
  const grid = await node.region('grid', { bytes: 3072, pageBytes: 1024 });
  const work = [
    grid.atomics.add('int32', 0, 1),
    grid.read(0, 3000),
    grid.write(1024, new Uint8Array(8)),
    grid.prefetch(0, 3000, 'exclusive'),
    grid.wait(0, 5, { timeoutMs: 50 }),
    grid.notify(0),
    node.lock('a').acquire({ timeoutMs: 50 }),
    node.barrier('b', 2).arrive({ timeoutMs: 50 }),
  ].map((one) => ends('an access', one));
  meanwhile();
  await Promise.all(work);
}

it('a node goes on, or fences itself, or ends in good order, whatever its coordinator sends it', async () => {
  using stray = new StrayErrors();
  const runCase = async (given: Script): Promise<void> => {
    const coordinator = new HostileCoordinator(given);
    const url = await coordinator.start();
    const joined = await ends(
      'join',
      join({ coordinator: url, name: 'n1', memory: 'software', joinTimeoutMs: 500, faultTimeoutMs: 100, rejoin: false }),
    );
    if (joined instanceof PagewireError) return coordinator.close();
    // `ends` gives what `join` gave.
    const node = joined as Node;
    const opening = ends(
      'a region and its accesses',
      use(node, () => coordinator.fire()),
    );
    // Its end is looked at below.
    opening.catch(() => {});
    if (!given.patient) coordinator.fire();
    await Promise.race([opening, new Promise((resolve) => setTimeout(resolve, 150))]);
    await stray.check();
    expect(['live', 'fenced']).toContain(node.state);
    // A node takes its time to leave a coordinator that does not answer, which is looked at where it answers nothing anyhow.
    if (given.answers) await coordinator.close();
    await ends('closing', node.close());
    await opening;
    await coordinator.close();
    await stray.check();
  };
  await fc.assert(fc.asyncProperty(script, runCase), fuzzed({ file, runs: 40, hangMs: 30_000 }));
});
