import {
  Agent,
  type AgentInput,
  type CoherenceMessage,
  type GrantItem,
  HOME,
  incarnation,
  millis,
  type PageMessage,
  type PageMessageKind,
  type Peer,
  pageId,
  type RequestId,
  type Right,
  regionId,
  requestId,
  version,
} from '@pagewire/protocol';
import { type Cell, judge, messageKinds, observe } from './transition-table.js';

const region = regionId(1);
const page = pageId(region, 0);
const peer = incarnation(2);
const bytes = new Uint8Array(8);
const DEADLINE = millis(1000);

/** An agent with one page, and the id and right of the request it made last. */
class Subject {
  readonly agent = new Agent();
  id: RequestId = requestId(0);
  right: Right = 'readonly';
  constructor() {
    this.step({ kind: 'region-opened', region, pageBytes: 8 });
  }

  step(input: AgentInput, now = millis(0)): readonly { readonly kind: string }[] {
    const effects = this.agent.step(now, input);
    for (const effect of effects) {
      if (effect.kind !== 'send' || effect.message.kind !== 'acquire') continue;
      for (const item of effect.message.items) {
        this.id = item.id;
        this.right = item.right;
      }
    }
    return effects;
  }

  hear(message: CoherenceMessage, from: Peer = HOME): readonly { readonly kind: string }[] {
    return this.step({ kind: 'message', from, message });
  }

  fault(right: Right): this {
    this.step({ kind: 'fault', pages: [page], right, deadline: DEADLINE });
    return this;
  }

  evict(): this {
    this.step({ kind: 'evict', pages: [page] });
    return this;
  }

  pin(right: Right): this {
    this.step({ kind: 'pin', page, right });
    return this;
  }

  grant(): this {
    this.hear({ kind: 'grant', items: [this.granting({ source: 'content', content: bytes })] });
    if (this.right === 'exclusive') this.hear({ kind: 'settled', items: [{ page, version: version(1) }] });
    return this;
  }

  transfer(): this {
    this.hear({ kind: 'transfer', items: [{ ...this.toPeer(1), keep: true }] });
    return this;
  }

  /** A grant of the request made last. */
  granting(item: Partial<GrantItem>): GrantItem {
    return { page, id: this.id, right: this.right, version: version(1), source: 'content', ackers: [], ...item };
  }

  toPeer(v: number) {
    return { page, id: requestId(5), to: peer, version: version(v) };
  }
}

/** Every state of a page, and those that its pins and kept bytes make of them, each by the shortest way there. */
const states: Record<string, () => Subject> = {
  invalid: () => new Subject(),
  'invalid, kept': () => new Subject().fault('exclusive').grant().transfer(),
  readonly: () => new Subject().fault('readonly').grant(),
  'readonly, pinned': () => new Subject().fault('readonly').grant().pin('readonly'),
  exclusive: () => new Subject().fault('exclusive').grant(),
  'exclusive, pinned': () => new Subject().fault('exclusive').grant().pin('readonly').pin('exclusive'),
  'exclusive, read-pinned': () => new Subject().fault('exclusive').grant().pin('readonly'),
  'waiting-read': () => new Subject().fault('readonly'),
  'waiting-write': () => new Subject().fault('exclusive'),
  upgrading: () => new Subject().fault('readonly').grant().fault('exclusive'),
  'upgrading, pinned': () => new Subject().fault('readonly').grant().pin('readonly').fault('exclusive'),
  releasing: () => new Subject().fault('exclusive').grant().evict(),
  'releasing-readonly': () => new Subject().fault('readonly').grant().evict(),
  'releasing-nothing': () => new Subject().fault('exclusive').grant().evict().transfer(),
};

type Act = (subject: Subject) => readonly { readonly kind: string }[];
interface Input {
  /** Who it comes from and its kind, as `home grant`. */
  readonly covers: string;
  readonly name: string;
  /** Played before what is observed. */
  readonly prepare?: Act;
  readonly act: Act;
}

const other = (right: Right): Right => (right === 'readonly' ? 'exclusive' : 'readonly');
/** An id that no request under way has. */
const OLD = requestId(99);

const driver = (kind: AgentInput['kind'], name: string, input: AgentInput, now = 0): Input => ({
  covers: `driver ${kind}`,
  name,
  act: (subject) => subject.step(input, millis(now)),
});
const home = (name: string, message: (subject: Subject) => CoherenceMessage): Input => ({
  covers: `home ${message(new Subject()).kind}`,
  name,
  act: (subject) => subject.hear(message(subject)),
});
const agent = (name: string, message: (subject: Subject) => CoherenceMessage): Input => ({
  covers: `agent ${message(new Subject()).kind}`,
  name,
  act: (subject) => subject.hear(message(subject), peer),
});
const fromLost = (kind: PageMessageKind, message: (subject: Subject) => CoherenceMessage): Input => ({
  covers: `agent ${kind}`,
  name: `${kind}, from a lost node`,
  prepare: (subject) => subject.hear({ kind: 'node-lost', member: peer }),
  act: (subject) => subject.hear(message(subject), peer),
});
/** A message without items: its kind alone is against the rules. */
// Every kind of page message may carry no items; the union cannot be built from a kind that is not known yet.
const empty = (kind: PageMessageKind) => ({ kind, items: [] }) as PageMessage;
const grant = (name: string, item: Partial<GrantItem> | ((subject: Subject) => Partial<GrantItem>)): Input =>
  home(name, (subject) => ({ kind: 'grant', items: [subject.granting(typeof item === 'function' ? item(subject) : item)] }));

const inputs: Input[] = [
  driver('fault', 'fault, readonly', { kind: 'fault', pages: [page], right: 'readonly', deadline: DEADLINE }),
  driver('fault', 'fault, exclusive', { kind: 'fault', pages: [page], right: 'exclusive', deadline: DEADLINE }),
  driver('pin', 'pin, readonly', { kind: 'pin', page, right: 'readonly' }),
  driver('pin', 'pin, exclusive', { kind: 'pin', page, right: 'exclusive' }),
  driver('unpin', 'unpin, readonly', { kind: 'unpin', page, right: 'readonly' }),
  driver('unpin', 'unpin, exclusive', { kind: 'unpin', page, right: 'exclusive' }),
  driver('evict', 'evict', { kind: 'evict', pages: [page] }),
  driver('tick', 'tick before the deadline', { kind: 'tick' }, 999),
  driver('tick', 'tick at the deadline', { kind: 'tick' }, 1000),
  driver('region-opened', 'another region opened', { kind: 'region-opened', region: regionId(2), pageBytes: 8 }),
  driver('region-deleted', 'its region deleted', { kind: 'region-deleted', region }),
  driver('region-deleted', 'another region deleted', { kind: 'region-deleted', region: regionId(2) }),
  grant('grant with bytes', { source: 'content', content: bytes }),
  grant('grant with bytes, an ack awaited', { source: 'content', content: bytes, ackers: [peer] }),
  grant('grant of the own copy', { source: 'own' }),
  grant('grant, bytes from a peer', { source: 'peer' }),
  grant('grant whose bytes are missing', { source: 'content' }),
  grant('grant of the other right', ({ right }) => ({ right: other(right), content: bytes })),
  grant('grant of an ended request', { id: OLD, content: bytes }),
  home('refused', ({ id }) => ({ kind: 'refused', items: [{ page, id, code: 'timeout' }] })),
  home('refused, an ended request', () => ({ kind: 'refused', items: [{ page, id: OLD, code: 'timeout' }] })),
  home('released', () => ({ kind: 'released', items: [{ page, version: version(1) }] })),
  home('supply', (s) => ({ kind: 'supply', items: [s.toPeer(1)] })),
  home('supply, another version', (s) => ({ kind: 'supply', items: [s.toPeer(7)] })),
  home('downgrade', (s) => ({ kind: 'downgrade', items: [s.toPeer(1)] })),
  home('downgrade, another version', (s) => ({ kind: 'downgrade', items: [s.toPeer(7)] })),
  home('transfer, keep', (s) => ({ kind: 'transfer', items: [{ ...s.toPeer(1), keep: true }] })),
  home('transfer', (s) => ({ kind: 'transfer', items: [{ ...s.toPeer(1), keep: false }] })),
  home('transfer, another version', (s) => ({ kind: 'transfer', items: [{ ...s.toPeer(7), keep: true }] })),
  home('invalidate, keep', () => ({ kind: 'invalidate', items: [{ page, id: requestId(5), to: peer, keep: true }] })),
  home('invalidate', () => ({ kind: 'invalidate', items: [{ page, id: requestId(5), to: peer, keep: false }] })),
  home('settled, the version held', () => ({ kind: 'settled', items: [{ page, version: version(1) }] })),
  home('settled, a later version', () => ({ kind: 'settled', items: [{ page, version: version(2) }] })),
  home('query', () => ({ kind: 'query', items: [{ page, round: 1 }] })),
  home('node-lost', () => ({ kind: 'node-lost', member: peer })),
  ...(['acquire', 'acquired', 'page', 'invalidated', 'downgraded', 'release', 'report'] as const).map((kind) =>
    home(`${kind}, from the home`, () => empty(kind)),
  ),
  agent('page', ({ id }) => ({ kind: 'page', items: [{ page, id, version: version(1), content: bytes }] })),
  agent('page, an ended request', () => ({ kind: 'page', items: [{ page, id: OLD, version: version(1), content: bytes }] })),
  agent('invalidated', ({ id }) => ({ kind: 'invalidated', items: [{ page, id }] })),
  agent('invalidated, an ended request', () => ({ kind: 'invalidated', items: [{ page, id: OLD }] })),
  fromLost('page', ({ id }) => ({ kind: 'page', items: [{ page, id, version: version(1), content: bytes }] })),
  fromLost('invalidated', ({ id }) => ({ kind: 'invalidated', items: [{ page, id }] })),
  agent('node-lost, from an agent', () => ({ kind: 'node-lost', member: peer })),
  ...messageKinds
    .filter((kind) => kind !== 'page' && kind !== 'invalidated' && kind !== 'node-lost')
    .map((kind) => agent(`${kind}, from an agent`, () => empty(kind))),
];

/** What an agent does where an input has no effect that anybody can see, by input. */
export const agentQuietly: Readonly<Record<string, string>> = {
  'fault, readonly': 'joins the request under way, or is remembered until `released`',
  'fault, exclusive': 'joins the request under way, or is remembered until `released`',
  'pin, readonly': 'counted',
  'pin, exclusive': 'counted',
  'unpin, readonly': 'counted; nothing waited for it',
  'unpin, exclusive': 'counted; nothing waited for it',
  'tick before the deadline': 'nothing is due',
  'tick at the deadline': 'nobody waits',
  'another region opened': 'remembered',
  'its region deleted': 'nothing is held, waited for or kept',
  'another region deleted': 'nothing is held, waited for or kept there',
  'grant, bytes from a peer': 'remembered; the bytes are awaited',
  downgrade: 'deferred by the pin',
  'downgrade, another version': 'deferred by the pin',
  'transfer, keep': 'deferred by the pin',
  transfer: 'deferred by the pin',
  'transfer, another version': 'deferred by the pin',
  'invalidate, keep': 'deferred by the pin',
  invalidate: 'deferred by the pin',
  'settled, the version held': 'nothing older is kept, and the grant is confirmed already',
  'settled, a later version': 'nothing older is kept',
  'node-lost': 'remembered: nothing more is taken from that node',
  invalidated: 'counted, also before the grant that names its sender',
};

/** Everything that an agent can be told, as `home grant`. */
export const agentInputsCovered = new Set(inputs.map(({ covers }) => covers));
export const agentStatesCovered = Object.values(states).map((build) => build().agent.stateOf(page));

export const agentCells: readonly Cell[] = inputs.flatMap(({ name, prepare, act }) =>
  Object.entries(states).map(([state, build]) => {
    const subject = build();
    prepare?.(subject);
    const outcome = observe(
      () => subject.agent.stateOf(page),
      () => act(subject),
    );
    return { input: name, state, verdict: judge(outcome), outcome };
  }),
);
