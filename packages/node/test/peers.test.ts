import {
  encodeMessage,
  type Incarnation,
  InvariantError,
  incarnation,
  limits,
  type Member,
  type PageMessage,
  pageId,
  regionId,
  requestId,
} from '@pagewire/protocol';
import { type Link, type LinkEnd, type LinkOptions, type Listener, listen } from '@pagewire/transport';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PeerMesh } from '../src/peers.js';
import { TestLink } from './service-fixture.js';

const self = incarnation(5);
const open: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const end of open.splice(0).reverse()) await end();
});

interface World {
  readonly mesh: PeerMesh;
  readonly heard: [Incarnation, PageMessage['kind']][];
  readonly suspected: Incarnation[];
  readonly bugs: unknown[];
}

function start(link: Partial<LinkOptions> = {}): World {
  const heard: World['heard'] = [];
  const suspected: Incarnation[] = [];
  const bugs: unknown[] = [];
  const mesh = new PeerMesh({
    cluster: 'c1',
    self,
    transports: ['ws'],
    link,
    mayAct: () => true,
    guard: (work) => {
      try {
        work();
      } catch (error) {
        bugs.push(error);
      }
    },
    message: (from, message) => heard.push([from, message.kind]),
    suspect: (member) => suspected.push(member),
  });
  open.push(() => mesh.close('the test is over'));
  return { mesh, heard, suspected, bugs };
}

const member = (number: number, ...urls: string[]): Member => ({ incarnation: incarnation(number), name: `n${number}`, urls });
const message: PageMessage = { kind: 'invalidated', items: [{ page: pageId(regionId(1), 0), id: requestId(1) }] };
const news = Buffer.concat(encodeMessage(message));

/** The mesh's end of a link; what the peer sends while it is paused waits, as on a real one. */
class PausableLink extends TestLink {
  paused = false;
  readonly #unread: Uint8Array[] = [];

  override pause(): void {
    this.paused = true;
  }

  override resume(): void {
    this.paused = false;
    for (const bytes of this.#unread.splice(0)) this.feed(bytes);
  }

  override feed(bytes: Uint8Array): void {
    if (this.paused) this.#unread.push(bytes);
    else super.feed(bytes);
  }
}

function dialedBy(mesh: PeerMesh, from: number): PausableLink {
  const link = new PausableLink();
  const acceptance = mesh.accept({ role: 'peer', cluster: 'c1', from, to: self }, link);
  expect(acceptance).toHaveProperty('handlers');
  link.handlers = 'handlers' in acceptance ? acceptance.handlers : undefined;
  return link;
}

describe('a peer that dials before the coordinator has named it', () => {
  it('is heard once it is a member, and not before', () => {
    const { mesh, heard } = start();
    const link = dialedBy(mesh, 7);
    link.feed(news);
    expect(heard).toEqual([]);
    mesh.update([member(5), member(7)]);
    expect(heard).toEqual([[7, 'invalidated']]);
  });

  it('is sent nothing before', () => {
    const { mesh } = start();
    const link = dialedBy(mesh, 7);
    mesh.send(incarnation(7), encodeMessage(message));
    expect(link.received).toEqual([]);
    mesh.update([member(5), member(7)]);
    expect(link.received).toEqual([message]);
  });

  it('is never heard when younger ones are members and it is not', () => {
    const { mesh, heard, suspected } = start();
    const link = dialedBy(mesh, 7);
    link.feed(news);
    mesh.update([member(5), member(8)]);
    expect(link.end).toMatchObject({ code: 'closed' });
    expect([heard, suspected]).toEqual([[], []]);
  });

  it('loses its link when it is not named for as long as a link may be cut', async () => {
    vi.useFakeTimers();
    const { mesh, suspected } = start({ resumeMs: 300 });
    const link = dialedBy(mesh, 7);
    vi.advanceTimersByTime(299);
    expect(link.end).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(link.end).toMatchObject({ code: 'fenced' });
    link.handlers?.closed(link.end ?? { code: 'closed', reason: '' });
    expect(suspected).toEqual([]);
  });

  it('keeps its link once it is named', () => {
    vi.useFakeTimers();
    const { mesh } = start({ resumeMs: 300 });
    const link = dialedBy(mesh, 7);
    mesh.update([member(5), member(7)]);
    vi.advanceTimersByTime(1000);
    expect(link.end).toBeUndefined();
  });
});

describe('a bug', () => {
  const bug = new InvariantError('the test wants it');

  it('in the end of a patience is the node’s to hear of', () => {
    vi.useFakeTimers();
    const { mesh, bugs } = start({ resumeMs: 300 });
    const destroyed = vi.spyOn(dialedBy(mesh, 7), 'destroy').mockImplementationOnce(() => {
      throw bug;
    });
    vi.advanceTimersByTime(300);
    expect(destroyed).toHaveBeenCalledOnce();
    expect(bugs).toEqual([bug]);
  });

  it('in a later dial is the node’s to hear of', () => {
    vi.useFakeTimers();
    const { mesh, suspected, bugs } = start();
    const urls = ['ws://127.0.0.1:1'];
    mesh.update([{ ...member(3), urls }, member(5)]);
    mesh.cut(incarnation(3), 'half a page');
    vi.spyOn(urls, 'filter').mockImplementation(() => {
      throw bug;
    });
    vi.advanceTimersByTime(1000);
    expect(suspected).toEqual([3]);
    expect(bugs).toEqual([bug]);
  });
});

describe('a member that breaks the protocol', () => {
  it('is cut off and suspected', () => {
    const { mesh, heard, suspected } = start();
    mesh.update([member(5), member(7)]);
    const link = dialedBy(mesh, 7);
    mesh.cut(incarnation(7), 'half a page');
    expect(link.end).toMatchObject({ code: 'protocol-violation', reason: expect.stringContaining('half a page') });
    link.feed(news);
    expect([heard, suspected]).toEqual([[], [7]]);
  });
});

describe('links between members', () => {
  const sent = 20 * 1024 * 1024;
  const envelope = Buffer.alloc(limits.maxContentBytesPerMessage);

  it('hold what the windows of all nodes allow, on the side that dialed', async () => {
    const accepted: Link[] = [];
    const listener = await listening(accepted);
    const { mesh, suspected } = start();
    mesh.update([member(3, listener.url('ws')), member(5)]);
    await vi.waitFor(() => expect(accepted[0]?.state).toBe('open'));
    accepted[0]?.pause();
    for (let bytes = 0; bytes < sent; bytes += envelope.length) mesh.send(incarnation(3), [envelope]);
    expect(suspected).toEqual([]);
    accepted[0]?.resume();
    await vi.waitFor(() => expect(heardBytes).toBe(sent), { timeout: 10_000 });
    expect(suspected).toEqual([]);
  });

  it('hold as much on the side that accepted', () => {
    const { mesh } = start();
    mesh.update([member(5), member(7)]);
    const acceptance = mesh.accept({ role: 'peer', cluster: 'c1', from: 7, to: self }, new TestLink());
    expect(acceptance).toMatchObject({ link: { maxBufferedBytes: limits.maxMemberLinkBytes } });
  });

  let heardBytes = 0;
  async function listening(accepted: Link[]): Promise<Listener> {
    heardBytes = 0;
    const listener = await listen({
      host: '127.0.0.1',
      port: 0,
      accept: (_peer, link) => {
        accepted.push(link);
        const ended: LinkEnd[] = [];
        return {
          attributes: {},
          handlers: {
            envelope: (bytes) => {
              heardBytes += bytes.length;
            },
            closed: (end) => ended.push(end),
          },
        };
      },
    });
    open.push(() => listener.close());
    return listener;
  }
});
