import {
  encodeMessage,
  InvariantError,
  incarnation,
  limits,
  type Message,
  millis,
  PagewireError,
  pageId,
  type ReplyMessage,
  regionId,
  version,
} from '@pagewire/protocol';
import { type Link, listen } from '@pagewire/transport';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CoordinatorSession } from '../src/coordinator-session.js';

const record = { region: regionId(1), name: 'r', bytes: 4096, pageBytes: 4096 };
const open: (() => unknown)[] = [];
const told: string[] = [];
const bugs: unknown[] = [];
let session: CoordinatorSession;
let coordinator: Link;
let heardBytes: number;

const send = (message: Message): void => coordinator.send(encodeMessage(message));

beforeEach(async () => {
  told.length = 0;
  bugs.length = 0;
  heardBytes = 0;
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    accept: (_peer, link) => {
      coordinator = link;
      return {
        attributes: {},
        handlers: {
          envelope: (bytes) => {
            heardBytes += bytes.length;
          },
          opened: () => {
            const { leaseMs, renewEveryMs } = limits;
            send({ kind: 'joined', cluster: 'c1', incarnation: incarnation(1), leaseMs, renewEveryMs, waitedMs: 0 });
          },
          closed: () => {},
        },
      };
    },
  });
  open.push(() => listener.close());
  session = new CoordinatorSession({
    url: listener.url('ws'),
    name: 'n1',
    urls: [],
    previous: undefined,
    joinTimeoutMs: 5000,
    link: {},
    now: () => millis(performance.now()),
    guard: (work) => {
      try {
        work();
      } catch (error) {
        bugs.push(error);
      }
    },
    handlers: {
      joined: () => {},
      mayAct: () => true,
      renewed: () => {},
      members: () => {},
      coherence: () => {},
      regionDeleted: (region) => told.push(`${region} deleted`),
      synchronization: () => {},
      ended: (reason) => told.push(reason),
    },
  });
  open.push(() => session.destroy('the test is over'));
  await session.joined;
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const end of open.splice(0).reverse()) await end();
});

const opened = (reply: ReplyMessage): string => {
  told.push(`took ${reply.kind}`);
  return reply.kind;
};

it('an answer is taken before the next thing that the coordinator says', async () => {
  const answer = session.ask({ kind: 'open-region', name: 'r' }, opened);
  send({ kind: 'region-opened', id: 1, record });
  send({ kind: 'region-deleted', region: record.region });
  expect(await answer).toBe('region-opened');
  expect(told).toEqual(['took region-opened', '1 deleted']);
});

it('an answer that its asker refuses is the failure of the question, and no other', async () => {
  const refused = session.ask({ kind: 'status' }, () => {
    throw new PagewireError('unsupported', 'no room');
  });
  const other = session.ask({ kind: 'open-region', name: 'r' }, opened);
  send({ kind: 'status-reported', id: 1, json: '{}' });
  send({ kind: 'region-opened', id: 2, record });
  await expect(refused).rejects.toMatchObject({ code: 'unsupported' });
  expect(await other).toBe('region-opened');
});

it('a bug of an asker fails its question and is the node’s to hear of, not the link’s', async () => {
  const bug = new InvariantError('the test wants it');
  const refused = session.ask({ kind: 'status' }, () => {
    throw bug;
  });
  const other = session.ask({ kind: 'open-region', name: 'r' }, opened);
  send({ kind: 'status-reported', id: 1, json: '{}' });
  send({ kind: 'region-opened', id: 2, record });
  await expect(refused).rejects.toBe(bug);
  expect(bugs).toEqual([bug]);
  expect(await other).toBe('region-opened');
});

it('a question that cannot be sent fails at once and leaves no deadline behind', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const stopped = vi.spyOn(globalThis, 'clearTimeout');
  // Programs in JavaScript can pass anything.
  const bytes = '64' as unknown as number;
  await expect(session.ask({ kind: 'open-region', name: 'r', bytes }, opened)).rejects.toBeInstanceOf(Error);
  const deadline = timers.mock.results[timers.mock.calls.findIndex(([, afterMs]) => afterMs === limits.faultTimeoutMs)]?.value;
  expect(deadline).toBeDefined();
  expect(stopped).toHaveBeenCalledWith(deadline);
});

it('a failure that the coordinator answers reaches its asker', async () => {
  const answer = session.ask({ kind: 'status' }, opened);
  send({ kind: 'failed', id: 1, code: 'overloaded', message: 'too much' });
  await expect(answer).rejects.toMatchObject({ code: 'overloaded', message: 'too much' });
  expect(told).toEqual([]);
});

it('the link holds what the window of a node allows while the coordinator does not read', async () => {
  coordinator.pause();
  const sent = 20 * 1024 * 1024;
  const item = { page: pageId(record.region, 0), version: version(1), content: new Uint8Array(limits.maxPageBytes) };
  for (let bytes = 0; bytes < sent; bytes += limits.maxPageBytes) session.send({ kind: 'release', items: [item] });
  coordinator.resume();
  await expect.poll(() => heardBytes, { timeout: 10_000 }).toBeGreaterThan(sent);
  expect(told).toEqual([]);
});
