import {
  type AgentEffect,
  type Content,
  type HomeEffect,
  type Incarnation,
  type PageId,
  type PageItems,
  type PageMessage,
  type PageMessageKind,
  pageIndex,
  type RequestId,
  regionOf,
  showPage,
  type Version,
} from '@pagewire/protocol';
import { showSync } from './sync-notation.js';
import { isSyncReply, isSyncRequest } from './world.js';
import type { Flight } from './world-events.js';
import { decode, REGION } from './world-node.js';

// The terse notation of effects in scenarios: pages by index, `#n` a request, `vn` a version, `bytes=n` the number that a page holds.

/** Pages of the region that every world has go by their index. */
export const pageName = (page: PageId): string => (regionOf(page) === REGION ? `${pageIndex(page)}` : showPage(page));
const at = (page: PageId, id?: RequestId): string => (id === undefined ? pageName(page) : `${pageName(page)} #${id}`);
const v = (version: Version): string => `v${version}`;
const bytes = (content: Content | undefined): string =>
  content === undefined ? 'no-bytes' : content === 'zero' ? 'zero' : `bytes=${decode(content)}`;
const optional = (condition: boolean, text: string): string => (condition ? ` ${text}` : '');
const list = (members: readonly Incarnation[]): string => members.join(',');

const show: { readonly [K in PageMessageKind]: (item: PageItems[K]) => string } = {
  acquire: ({ page, id, right, held }) => `${at(page, id)} ${right}${optional(held !== undefined, `held=v${held}`)}`,
  grant: ({ page, id, right, version, source, content, ackers }) =>
    `${at(page, id)} ${right} ${v(version)} ${source === 'content' ? bytes(content) : source}${optional(ackers.length > 0, `ackers=${list(ackers)}`)}`,
  supply: ({ page, id, to, version }) => `${at(page, id)} to=${to} ${v(version)}`,
  downgrade: ({ page, id, to, version }) => `${at(page, id)} to=${to} ${v(version)}`,
  transfer: ({ page, id, to, version, keep }) => `${at(page, id)} to=${to} ${v(version)}${optional(keep, 'keep')}`,
  invalidate: ({ page, id, to, keep }) => `${at(page, id)} to=${to}${optional(keep, 'keep')}`,
  page: ({ page, id, version, content }) => `${at(page, id)} ${v(version)} ${bytes(content)}`,
  invalidated: ({ page, id }) => at(page, id),
  downgraded: ({ page, id, version, content }) => `${at(page, id)} ${v(version)} ${bytes(content)}`,
  acquired: ({ page, id }) => at(page, id),
  settled: ({ page, version }) => `${at(page)} ${v(version)}`,
  release: ({ page, version, content }) => `${at(page)} ${v(version)} ${bytes(content)}`,
  released: ({ page, version }) => `${at(page)} ${v(version)}`,
  refused: ({ page, id, code }) => `${at(page, id)} ${code}`,
  query: ({ page, round }) => `${at(page)} round=${round}`,
  report: ({ page, round, holding, version, content }) =>
    `${at(page)} round=${round} ${holding}${optional(holding !== 'none', v(version))}${optional(content !== undefined, bytes(content))}`,
};

/** `1>home acquire 0 #1 exclusive`; items of one message are parted by `|`. */
export function showFlight({ from, to, message }: Flight): string {
  const link = `${from}>${to}`;
  if (message.kind === 'node-lost') return `${link} node-lost ${message.member}`;
  if (message.kind === 'region-deleted') return `${link} region-deleted`;
  if (isSyncRequest(message) || isSyncReply(message)) return `${link} ${showSync(message)}`;
  return `${link} ${message.kind} ${showItems(message)}`;
}

function showItems(message: PageMessage): string {
  // Each kind's entry shows the items of that kind; indexing by the message's own kind is what ties them, which the type cannot say.
  const showItem = show[message.kind] as (item: PageItems[PageMessageKind]) => string;
  return message.items.map((item) => showItem(item)).join(' | ');
}

const about = (page: PageId | undefined): string => (page === undefined ? '' : ` ${at(page)}`);

/** An effect on a node other than a message; undefined for a message, which is shown when it is sent. */
export function showAgentEffect(node: Incarnation, effect: AgentEffect): string | undefined {
  switch (effect.kind) {
    case 'send':
      return undefined;
    case 'stage':
      return `${node}: stage ${at(effect.page)} ${bytes(effect.content)}`;
    case 'permit':
      return `${node}: permit ${at(effect.page)} ${effect.right}`;
    case 'snapshot':
      return `${node}: snapshot ${at(effect.page)} s${effect.snapshot}`;
    case 'fail':
      return `${node}: fail ${at(effect.page)} ${effect.code}`;
    case 'confirmed':
      return `${node}: confirmed ${effect.upTo}`;
    case 'ignored':
      return `${node}: ignored ${effect.what}${about(effect.page)} (${effect.why})`;
    case 'violation':
      return `${node}: violation by ${effect.from} (${effect.what})`;
    case 'protect':
    case 'revoke':
    case 'forget':
    case 'evicted':
      return `${node}: ${effect.kind} ${at(effect.page)}`;
  }
}

/** The same for the home. */
export function showHomeEffect(effect: HomeEffect): string | undefined {
  switch (effect.kind) {
    case 'send':
      return undefined;
    case 'lost':
      return `home: lost ${at(effect.page)}`;
    case 'ignored':
      return `home: ignored ${effect.what}${about(effect.page)} (${effect.why})`;
    case 'violation':
      return `home: violation by ${effect.from} (${effect.what})`;
  }
}
