import {
  type AcquireItem,
  type CoherenceMessage,
  type Content,
  Home,
  type HomeInput,
  incarnation,
  limits,
  millis,
  type PageMessage,
  pageId,
  type ReportItem,
  type Right,
  regionId,
  requestId,
  version,
} from '@pagewire/protocol';
import { type Cell, judge, messageKinds, observe } from './transition-table.js';

const region = regionId(1);
const page = pageId(region, 0);
const bytes = new Uint8Array(8);
const half = new Uint8Array(4);

// The cast: 1 holds the page where anybody does, 2 asks for it in the busy states, 3 has died in some, 4 is a member without a part.
const HOLDER = 1;
const REQUESTER = 2;
const DEAD = 3;
const BYSTANDER = 4;
const STRANGER = 9;

/** A home with one region, and the moves of the members. Everyone's first request is #1. */
class Subject {
  readonly home = new Home();
  constructor() {
    for (const n of [HOLDER, REQUESTER, DEAD, BYSTANDER]) this.step({ kind: 'member-joined', member: incarnation(n) });
    this.step({ kind: 'region-created', region, pageCount: 1, pageBytes: 8 });
  }

  step(input: HomeInput, now = 0): readonly { readonly kind: string }[] {
    return this.home.step(millis(now), input);
  }

  hear(from: number, message: CoherenceMessage): readonly { readonly kind: string }[] {
    return this.step({ kind: 'message', from: incarnation(from), message });
  }

  ask(from: number, right: Right, item: Partial<AcquireItem> = {}): this {
    this.hear(from, acquire(right, item));
    return this;
  }

  write(by: number): this {
    this.ask(by, 'exclusive').hear(by, acquired());
    return this;
  }

  /** `reader` reads the page that `owner` holds exclusive. */
  share(owner: number, reader: number): this {
    this.ask(reader, 'readonly').hear(owner, downgraded());
    this.hear(reader, acquired());
    return this;
  }

  trim(): this {
    this.step({ kind: 'trim', pages: [page] });
    return this;
  }

  deleteRegion(): this {
    this.step({ kind: 'region-deleted', region });
    return this;
  }

  lose(n: number): this {
    this.step({ kind: 'member-lost', member: incarnation(n) });
    return this;
  }
}

const acquire = (right: Right, item: Partial<AcquireItem> = {}): CoherenceMessage => ({
  kind: 'acquire',
  items: [{ page, id: requestId(1), right, ...item }],
});
const acquired = (id = 1): CoherenceMessage => ({ kind: 'acquired', items: [{ page, id: requestId(id) }] });
const downgraded = (v = 1, content: Content = bytes): CoherenceMessage => ({
  kind: 'downgraded',
  items: [{ page, id: requestId(1), version: version(v), content }],
});
const release = (v: number, content?: Content): CoherenceMessage => ({
  kind: 'release',
  items: [{ page, version: version(v), content }],
});
const report = (item: Partial<ReportItem>): CoherenceMessage => ({
  kind: 'report',
  items: [{ page, round: 1, holding: 'kept', version: version(1), content: bytes, ...item }],
});

const states: Record<string, () => Subject> = {
  untouched: () => new Subject(),
  unheld: () => {
    const subject = new Subject().write(HOLDER);
    subject.hear(HOLDER, release(1, bytes));
    return subject;
  },
  shared: () => new Subject().write(DEAD).share(DEAD, HOLDER).lose(DEAD),
  'shared, trimmed': () => new Subject().write(DEAD).share(DEAD, HOLDER).lose(DEAD).trim(),
  exclusive: () => new Subject().write(HOLDER),
  'busy, read': () => new Subject().write(HOLDER).ask(REQUESTER, 'readonly'),
  'busy, write': () => new Subject().write(HOLDER).ask(REQUESTER, 'exclusive'),
  'busy, write, repair': () => new Subject().write(DEAD).share(DEAD, HOLDER).trim().ask(REQUESTER, 'exclusive').lose(DEAD),
  'busy, read, repair': () => new Subject().write(DEAD).share(DEAD, HOLDER).trim().ask(REQUESTER, 'readonly').lose(DEAD),
  'busy, abort': () => new Subject().write(HOLDER).ask(REQUESTER, 'readonly').lose(REQUESTER),
  lost: () => new Subject().write(DEAD).lose(DEAD),
  deleted: () => new Subject().write(HOLDER).deleteRegion(),
};

interface Input {
  /** Who it comes from and its kind, as `agent acquire`. */
  readonly covers: string;
  readonly name: string;
  /** Played before what is observed. */
  readonly prepare?: (subject: Subject) => void;
  readonly act: (subject: Subject) => readonly { readonly kind: string }[];
}
const driver = (name: string, input: HomeInput, now = 0): Input => ({
  covers: `driver ${input.kind}`,
  name,
  act: (subject) => subject.step(input, now),
});
const agent = (name: string, from: number, message: CoherenceMessage): Input => ({
  covers: `agent ${message.kind}`,
  name,
  act: (subject) => subject.hear(from, message),
});

const HOME_HEARS: readonly string[] = ['acquire', 'acquired', 'downgraded', 'release', 'report', 'node-lost'];

const inputs: Input[] = [
  agent('acquire readonly, by a newcomer', BYSTANDER, acquire('readonly')),
  agent('acquire exclusive, by a newcomer', BYSTANDER, acquire('exclusive')),
  agent('acquire readonly, by the holder', HOLDER, acquire('readonly', { id: requestId(2) })),
  agent('acquire exclusive, by the holder', HOLDER, acquire('exclusive', { id: requestId(2), held: version(1) })),
  agent('acquire exclusive, by the requester', REQUESTER, acquire('exclusive', { id: requestId(2) })),
  agent('acquire outside the region', BYSTANDER, acquire('readonly', { page: pageId(region, 1) })),
  agent('acquire in no region', BYSTANDER, acquire('readonly', { page: pageId(regionId(7), 0) })),
  agent('acquire, by no member', STRANGER, acquire('readonly')),
  agent('acquired, by no member', STRANGER, acquired()),
  agent('downgraded, by no member', STRANGER, downgraded()),
  agent('release, by no member', STRANGER, release(1, bytes)),
  agent('report, by no member', STRANGER, report({})),
  agent('acquired, by the requester', REQUESTER, acquired()),
  agent('acquired, another request', REQUESTER, acquired(9)),
  agent('acquired, by a newcomer', BYSTANDER, acquired()),
  agent('downgraded, by the holder', HOLDER, downgraded()),
  agent('downgraded, another version', HOLDER, downgraded(7)),
  agent('downgraded, half a page', HOLDER, downgraded(1, half)),
  agent('downgraded, by a newcomer', BYSTANDER, downgraded()),
  agent('release, by the holder', HOLDER, release(1, bytes)),
  agent('release without bytes, by the holder', HOLDER, release(1)),
  agent('release, another version', HOLDER, release(7, bytes)),
  agent('release, half a page', HOLDER, release(1, half)),
  agent('release, by a newcomer', BYSTANDER, release(1, bytes)),
  agent('report, by the holder', HOLDER, report({})),
  agent('report, another round', HOLDER, report({ round: 7 })),
  agent('report, half a page', HOLDER, report({ content: half })),
  agent('report, by a newcomer', BYSTANDER, report({})),
  agent('node-lost, from an agent', HOLDER, { kind: 'node-lost', member: incarnation(BYSTANDER) }),
  ...messageKinds
    .filter((kind) => !HOME_HEARS.includes(kind))
    // Every kind of page message may carry no items; the union cannot be built from a kind that is not known yet.
    .map((kind) => agent(`${kind}, from an agent`, HOLDER, { kind, items: [] } as unknown as PageMessage)),
  driver('another member joined', { kind: 'member-joined', member: incarnation(8) }),
  driver('the holder lost', { kind: 'member-lost', member: incarnation(HOLDER) }),
  driver('the requester lost', { kind: 'member-lost', member: incarnation(REQUESTER) }),
  driver('a newcomer lost', { kind: 'member-lost', member: incarnation(BYSTANDER) }),
  driver('another region created', { kind: 'region-created', region: regionId(2), pageCount: 1, pageBytes: 8 }),
  driver('its region deleted', { kind: 'region-deleted', region }),
  driver('another region deleted', { kind: 'region-deleted', region: regionId(2) }),
  driver('trim', { kind: 'trim', pages: [page] }),
  driver('tick, nobody waits', { kind: 'tick' }, limits.queueTimeoutMs),
  {
    covers: 'driver tick',
    name: 'tick, a newcomer has waited long',
    prepare: (subject) => subject.ask(BYSTANDER, 'readonly'),
    act: (subject) => subject.step({ kind: 'tick' }, limits.queueTimeoutMs),
  },
];

/** What a home does where an input has no effect that anybody can see, by input. */
export const homeQuietly: Readonly<Record<string, string>> = {
  'acquire readonly, by a newcomer': 'waits its turn',
  'acquire exclusive, by a newcomer': 'waits its turn',
  'acquire readonly, by the holder': 'waits its turn',
  'acquire exclusive, by the holder': 'waits its turn',
  'acquired, by the requester': 'noted; the home waits for `downgraded` too',
  'downgraded, by the holder': 'its bytes are stored; the home waits for `acquired` too',
  'release, by the holder': 'its bytes are stored if they are needed; the rest waits its turn',
  'release without bytes, by the holder': 'waits its turn',
  'release, another version': 'waits its turn; its bytes are not taken',
  'release, by a newcomer': 'waits its turn',
  'report, by the holder': 'noted; other reports are awaited',
  'another member joined': 'listened to from now on',
  'the holder lost': 'it has no part in the page',
  'the requester lost': 'it has no part in the page',
  'a newcomer lost': 'it has no part in the page',
  'another region created': 'remembered',
  'its region deleted': 'nobody had touched the page, or its state was `unheld`',
  'another region deleted': 'nobody had touched a page of it',
  trim: 'the bytes are dropped, if there were any',
  'tick, nobody waits': 'nothing is due',
  'tick, a newcomer has waited long': 'it was served or refused at once',
};

export const homeInputsCovered = new Set(inputs.map(({ covers }) => covers));
export const homeStatesCovered = Object.values(states).map((build) => build().home.stateOf(page));

export const homeCells: readonly Cell[] = inputs.flatMap(({ name, prepare, act }) =>
  Object.entries(states).map(([state, build]) => {
    const subject = build();
    prepare?.(subject);
    const outcome = observe(
      () => subject.home.stateOf(page),
      () => act(subject),
    );
    return { input: name, state, verdict: judge(outcome), outcome };
  }),
);
