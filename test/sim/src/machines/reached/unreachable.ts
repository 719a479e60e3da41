/** Pairs that nothing reaches, though the machine would act on them, and why. */
export interface Unreachable {
  readonly inputs: readonly string[];
  /** Undefined stands for every state. */
  readonly states?: readonly string[];
  readonly why: string;
}

const WITHOUT_COPY = ['invalid', 'invalid, kept', 'waiting-read', 'waiting-write', 'releasing-nothing'];
const UPGRADING = ['upgrading', 'upgrading, pinned'];
const PINNED = ['readonly, pinned', 'exclusive, pinned', 'exclusive, read-pinned', 'upgrading, pinned'];

export const agentUnreachable: readonly Unreachable[] = [
  {
    inputs: ['grant with bytes', 'grant with bytes, an ack awaited', 'grant, bytes from a peer', 'page'],
    states: UPGRADING,
    why: 'the home counts on a copy until its holder has said that it is gone, so a request that is answered with bytes is `waiting-write` by then',
  },
  {
    inputs: ['grant with bytes, an ack awaited', 'invalidated'],
    states: ['waiting-read'],
    why: 'only a write has others give up their copies',
  },
  {
    inputs: ['downgrade, another version', 'transfer, another version'],
    states: PINNED,
    why: 'a home names the version that it has granted: another one is deferred like any command, and rejected when the pin has ended',
  },
  { inputs: ['transfer'], why: 'a home that has a page transferred has no bytes of it, so it always asks for `keep`' },
  {
    inputs: ['invalidate, keep', 'invalidate'],
    states: ['exclusive, pinned', 'exclusive, read-pinned'],
    why: 'a home invalidates sharers: the command is deferred like any other, and rejected when the pin has ended',
  },
  {
    inputs: ['invalidate, keep', 'invalidate'],
    states: WITHOUT_COPY,
    why: 'a home invalidates each sharer on its record once: a copy is taken away by nothing else, and one that is being given back is still there until `released`',
  },
  {
    inputs: ['settled, the version held'],
    states: ['readonly', 'readonly, pinned', ...WITHOUT_COPY, ...UPGRADING, 'releasing-readonly'],
    why: 'the version is exclusive where it was granted until a command takes it away, which comes behind `settled`',
  },
  {
    inputs: ['settled, a later version'],
    states: [
      'readonly',
      'readonly, pinned',
      'exclusive',
      'exclusive, pinned',
      'exclusive, read-pinned',
      ...UPGRADING,
      'releasing',
      'releasing-readonly',
    ],
    why: 'a later version settles only those that were turned out for it, by a command that came before',
  },
];

const IDLE = ['untouched', 'unheld', 'shared', 'shared, trimmed', 'exclusive', 'lost', 'deleted'];

export const homeUnreachable: readonly Unreachable[] = [
  {
    inputs: [
      'acquire readonly, by a newcomer',
      'acquire exclusive, by a newcomer',
      'acquire readonly, by the holder',
      'acquire exclusive, by the holder',
    ],
    states: ['deleted'],
    why: 'it is an acquire in no region',
  },
  {
    inputs: ['acquire readonly, by the holder'],
    states: ['shared', 'busy, read', 'busy, read, repair'],
    why: 'a sharer reads its own copy, and one that has given it back waits for `released`',
  },
  { inputs: ['acquire exclusive, by the requester', 'the requester lost'], states: IDLE, why: 'nobody is being served' },
  { inputs: ['the requester lost'], states: ['busy, abort'], why: 'it is lost already' },
  { inputs: ['acquire outside the region'], why: 'a node checks the range of an access before it asks' },
  { inputs: ['release without bytes, by the holder'], why: 'a release carries its bytes (rule 4)' },
  {
    inputs: ['release, another version'],
    states: ['shared', 'busy, read', 'busy, write', 'busy, write, repair', 'busy, read, repair', 'busy, abort'],
    why: 'who is on record has the committed version',
  },
  { inputs: ['release, another version'], states: ['lost'], why: 'the last holder had the committed version' },
  { inputs: ['release, by the holder'], states: ['unheld'], why: 'the release of the committed version is what leaves a page unheld' },
  { inputs: ['release, by a newcomer'], states: ['unheld', 'lost'], why: 'who gives a page back has held it' },
  { inputs: ['its region deleted'], states: ['deleted'], why: 'a region is deleted once' },
];
