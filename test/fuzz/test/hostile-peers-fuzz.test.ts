import type { Region } from '@pagewire/node';
import { pageId } from '@pagewire/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Aim, mostly, requests, type Shot, shoot, syncRequests, toHome } from '../../../packages/protocol/test/aimed-messages.js';
import { fuzzed } from '../fuzzing.js';
import { HostileLink } from '../hostile-link.js';
import { InProcessCluster } from '../in-process-cluster.js';
import { collectedBytes, keptAtMost } from '../resources.js';
import { StrayErrors } from '../stray-errors.js';

const file = 'test/fuzz/test/hostile-peers-fuzz.test.ts';
const mib = 1024 * 1024;
const transport = fc.constantFrom('ws' as const, 'grpc' as const);
const ofNode = mostly(...toHome, ...syncRequests, ...requests, 'renew', 'suspect', 'leave', 'join');
const fromMember = fc.array(ofNode, { minLength: 1, maxLength: 40, size: 'max' });
const fromTool = fc.array(mostly(...requests), { minLength: 1, maxLength: 40, size: 'max' });
let cluster: InProcessCluster;
let contested: Region;
let others = 0;

beforeAll(async () => {
  cluster = await InProcessCluster.start({ nodes: 2, faultTimeoutMs: 300, leaseMs: 6000 });
  contested = await cluster.node(0).region('contested', { bytes: 4096, pageBytes: 1024 });
}, 30_000);
afterAll(() => cluster[Symbol.asyncDispose]());

/** What messages are about: a region that all use, and its pages; the healthy nodes; `self`, if the sender is a member. */
function aimOf(self?: number): Aim {
  const members = cluster.nodes.map((node) => Number(node.incarnation));
  return {
    pages: [0, 1, 2, 3].map((index) => pageId(contested.id, index)),
    regions: [contested.id],
    members: self === undefined ? members : [...members, self],
    names: ['contested', 'other', `x${others}`],
    pageBytes: contested.pageBytes,
  };
}

/** The region may have been deleted, and made anew with another size: anybody may do that. */
async function renewContested(): Promise<void> {
  for (const { name, region } of await cluster.node(0).regions()) {
    if (region !== contested.id && name !== 'fuzz-counters') await cluster.node(0).deleteRegion(name);
  }
  contested = await cluster.node(0).region('contested', { bytes: 4096, pageBytes: 1024 });
}

async function fire(link: HostileLink, aim: Aim, said: readonly Shot[]): Promise<void> {
  for (const [at, shot] of said.entries()) {
    link.send(shoot(aim, shot));
    if (at % 5 === 4) await new Promise((resolve) => setImmediate(resolve));
  }
}

interface HostileMember {
  readonly link: HostileLink;
  readonly number: number;
  readonly cluster: string;
}

/** A member of the cluster by the protocol, which then does as it likes. Those that were expelled keep their places until their leases end. */
async function joinAs(via: 'ws' | 'grpc'): Promise<HostileMember> {
  for (const end = performance.now() + 10_000; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
    others += 1;
    const name = `evil${others}`;
    const link = new HostileLink(cluster.coordinator.url(via), { role: 'node', name });
    link.say({ kind: 'join', name, urls: [] });
    const joined = await link.next('joined');
    if (joined !== undefined) return { link, number: joined.incarnation, cluster: joined.cluster };
  }
  throw new Error('the coordinator let nobody in for 10 s');
}

describe('whatever it is sent,', () => {
  it('a coordinator answers, refuses or expels a member, and the others go on', async () => {
    using stray = new StrayErrors();
    await cluster.check();
    const before = collectedBytes();
    const runCase = async (via: 'ws' | 'grpc', said: Shot[]): Promise<void> => {
      const member = await joinAs(via);
      await fire(member.link, aimOf(member.number), said);
      await cluster.check();
      member.link.checkEnd();
      member.link.say({ kind: 'leave' });
      await member.link.next('left');
      member.link.destroy();
      await renewContested();
      await stray.check();
      await cluster.check();
    };
    await fc.assert(fc.asyncProperty(transport, fromMember, runCase), fuzzed({ file, runs: 60, hangMs: 20_000 }));
    await keptAtMost(32 * mib, before);
  });

  it('a coordinator answers or turns away a tool and a node that never joins', async () => {
    using stray = new StrayErrors();
    const attributes = fc.constantFrom({ role: 'admin' }, { role: 'client' }, { role: 'node', name: 'never' });
    const runCase = async (who: Record<string, string>, via: 'ws' | 'grpc', said: Shot[]): Promise<void> => {
      const link = new HostileLink(cluster.coordinator.url(via), who);
      await link.opened();
      await fire(link, aimOf(), said);
      await cluster.check();
      link.checkEnd();
      link.destroy();
      await renewContested();
      await stray.check();
    };
    await fc.assert(fc.asyncProperty(attributes, transport, fromTool, runCase), fuzzed({ file, runs: 60, hangMs: 20_000 }));
  });

  it('a node answers or turns away a client', async () => {
    using stray = new StrayErrors();
    await cluster.check();
    const before = collectedBytes();
    const said = fc.array(mostly('read', 'write', 'operate', 'open-region', 'list-regions', 'status'), {
      minLength: 1,
      maxLength: 60,
      size: 'max',
    });
    const runCase = async (via: 'ws' | 'grpc', asked: Shot[]): Promise<void> => {
      const url = cluster.node(1).urls.find((one) => one.startsWith(via)) ?? '';
      const link = new HostileLink(url, { role: 'client' });
      await link.opened();
      link.say({ kind: 'open-region', id: 0, name: 'contested' });
      await fire(link, aimOf(), asked);
      await cluster.check();
      link.checkEnd();
      link.destroy();
      await renewContested();
      await stray.check();
    };
    await fc.assert(fc.asyncProperty(transport, said, runCase), fuzzed({ file, runs: 80, hangMs: 20_000 }));
    await keptAtMost(32 * mib, before);
  });

  it('a node takes what fits from another member, or cuts it off, and goes on', async () => {
    using stray = new StrayErrors();
    const said = fc.array(mostly('page', 'invalidated'), { minLength: 1, maxLength: 40, size: 'max' });
    const runCase = async (via: 'ws' | 'grpc', told: Shot[], busy: boolean): Promise<void> => {
      const member = await joinAs(via);
      const node = cluster.node(0);
      const url = node.urls.find((one) => one.startsWith(via)) ?? '';
      const attributes = { role: 'peer', cluster: member.cluster, from: member.number, to: Number(node.incarnation) };
      const link = new HostileLink(url, attributes);
      await link.opened();
      const reading = busy ? contested.read(0, 4096).catch(() => {}) : undefined;
      await fire(link, aimOf(member.number), told);
      await reading;
      link.checkEnd();
      member.link.say({ kind: 'leave' });
      await member.link.next('left');
      member.link.destroy();
      link.destroy();
      await stray.check();
      await cluster.check();
    };
    await fc.assert(fc.asyncProperty(transport, said, fc.boolean(), runCase), fuzzed({ file, runs: 60, hangMs: 20_000 }));
  });
});
