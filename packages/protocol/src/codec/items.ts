import { type ErrorCode, InvariantError, isErrorCode } from '../errors.js';
import { incarnation, isPageId, type PageId, pageId, type Right, regionId, requestId, type Version, version } from '../ids.js';
import { limits } from '../limits.js';
import type {
  AcquireItem,
  Content,
  DowngradedItem,
  GrantItem,
  Holding,
  InvalidateItem,
  PageItem,
  QueryItem,
  RefusedItem,
  ReleaseItem,
  ReportItem,
  RequestItem,
  SupplyItem,
  TransferItem,
  VersionItem,
} from '../messages.js';
import { pageContent } from './contents.js';
import { branded, count, type Field, fields, flag, list, oneOf, optional, scalar } from './fields.js';

export const page: Field<PageId> = scalar('a page id', isPageId, pageId(regionId(0), 0));
const request = branded('a request id', requestId);
export const pageVersion: Field<Version> = branded('a version', version);
export const member = branded('an incarnation', incarnation);
export const errorCode: Field<ErrorCode> = scalar('an error code', isErrorCode, 'protocol-violation');

const right = oneOf<Right>('a right', { readonly: 0, exclusive: 1 });
const source = oneOf<GrantItem['source']>('the source of a grant', { content: 0, own: 1, peer: 2 });
const holding = oneOf<Holding>('a holding', { none: 0, kept: 1, pending: 2, readonly: 3, exclusive: 4 });
const ackers = list(member, limits.maxNodes);
const maybeVersion = optional(pageVersion);
const maybeContent: Field<Content | undefined> = optional(pageContent);

// The items of the kinds that every fault causes are spelled out: an object literal is several times as fast to make as one built by key.

export const acquireItem: Field<AcquireItem> = {
  write(out, item) {
    page.write(out, item.page);
    request.write(out, item.id);
    right.write(out, item.right);
    maybeVersion.write(out, item.held);
  },
  read: (input) => ({ page: page.read(input), id: request.read(input), right: right.read(input), held: maybeVersion.read(input) }),
};

export const grantItem: Field<GrantItem> = {
  write(out, item) {
    if ((item.source === 'content') !== (item.content !== undefined)) {
      throw new InvariantError(`a grant from ${item.source} ${item.content === undefined ? 'lacks its' : 'has'} content`);
    }
    page.write(out, item.page);
    request.write(out, item.id);
    right.write(out, item.right);
    pageVersion.write(out, item.version);
    source.write(out, item.source);
    ackers.write(out, item.ackers);
    maybeContent.write(out, item.content);
  },
  read(input) {
    const item = {
      page: page.read(input),
      id: request.read(input),
      right: right.read(input),
      version: pageVersion.read(input),
      source: source.read(input),
      ackers: ackers.read(input),
      content: maybeContent.read(input),
    };
    const present = item.content !== undefined;
    if ((item.source === 'content') === present) return item;
    return input.refuse(`content exactly where the source is content (it is ${item.source})`, present ? 'some' : 'none', item);
  },
};

export const pageItem: Field<PageItem> = {
  write(out, item) {
    page.write(out, item.page);
    request.write(out, item.id);
    pageVersion.write(out, item.version);
    pageContent.write(out, item.content);
  },
  read: (input) => ({
    page: page.read(input),
    id: request.read(input),
    version: pageVersion.read(input),
    content: pageContent.read(input),
  }),
};

export const requestItem: Field<RequestItem> = {
  write(out, item) {
    page.write(out, item.page);
    request.write(out, item.id);
  },
  read: (input) => ({ page: page.read(input), id: request.read(input) }),
};

export const versionItem: Field<VersionItem> = {
  write(out, item) {
    page.write(out, item.page);
    pageVersion.write(out, item.version);
  },
  read: (input) => ({ page: page.read(input), version: pageVersion.read(input) }),
};

export const supplyItem = fields<SupplyItem>({ page, id: request, to: member, version: pageVersion });
export const transferItem = fields<TransferItem>({ page, id: request, to: member, version: pageVersion, keep: flag });
export const invalidateItem = fields<InvalidateItem>({ page, id: request, to: member, keep: flag });
export const downgradedItem = fields<DowngradedItem>({ page, id: request, version: pageVersion, content: pageContent });
export const releaseItem = fields<ReleaseItem>({ page, version: pageVersion, content: maybeContent });
export const refusedItem = fields<RefusedItem>({ page, id: request, code: errorCode });
export const queryItem = fields<QueryItem>({ page, round: count });
export const reportItem = fields<ReportItem>({ page, round: count, holding, version: pageVersion, content: maybeContent });
