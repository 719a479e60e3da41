import type { ErrorCode } from '../errors.js';
import { unreachable } from '../errors.js';
import type { Incarnation, Millis, PageId, Right } from '../ids.js';
import type { GrantItem, PageItem, RefusedItem, RequestItem, VersionItem } from '../messages.js';
import { type AgentCore, NEVER, violation } from './agent-core.js';
import { HOME } from './agent-io.js';
import type { PageRecord, PageState, Request, Wanted } from './page-record.js';
import type { StepOutput } from './step-output.js';

type Waiting = Extract<PageState, { kind: 'waiting-read' | 'waiting-write' | 'upgrading' }>;

const isWaiting = (state: PageState): state is Waiting =>
  state.kind === 'waiting-read' || state.kind === 'waiting-write' || state.kind === 'upgrading';

/** The page's request, if it is the one that `id` names. Ids are never reused, so an old message cannot match. */
function waitingFor(record: PageRecord, item: RequestItem): Waiting | undefined {
  return isWaiting(record.state) && record.state.request.id === item.id ? record.state : undefined;
}

/** An access needs `right`: asks for it, unless it is here or on its way. */
export function fault(core: AgentCore, record: PageRecord, right: Right, deadline: Millis, out: StepOutput): void {
  const { state } = record;
  switch (state.kind) {
    case 'invalid':
      ask(core, record, right, deadline, out);
      return;
    case 'readonly':
      if (right === 'readonly') out.tell({ kind: 'permit', page: record.page, right });
      else ask(core, record, right, deadline, out);
      return;
    case 'exclusive':
      out.tell({ kind: 'permit', page: record.page, right: 'exclusive' });
      return;
    case 'waiting-read':
    case 'waiting-write':
    case 'upgrading':
      // One request for each page: who needs more than it brings faults again when it is here.
      if (state.kind === 'upgrading' && right === 'readonly') out.tell({ kind: 'permit', page: record.page, right });
      else extend(state.request, deadline);
      return;
    case 'releasing':
    case 'releasing-readonly':
    case 'releasing-nothing':
      state.wanted = want(state.wanted, right, deadline);
      core.waiting.add(record.page);
      return;
    default:
      unreachable(state);
  }
}

/** The most that any of the accesses waiting for a release needs. */
function want(before: Wanted | undefined, right: Right, deadline: Millis): Wanted {
  if (before === undefined) return { right, deadline };
  return {
    right: before.right === 'exclusive' ? before.right : right,
    deadline: before.deadline > deadline ? before.deadline : deadline,
  };
}

function extend(request: Request, deadline: Millis): void {
  if (request.deadline === NEVER || deadline > request.deadline) request.deadline = deadline;
}

function ask(core: AgentCore, record: PageRecord, right: Right, deadline: Millis, out: StepOutput): void {
  const { state } = record;
  const request: Request = { id: core.nextRequest(), right, deadline, grant: undefined, early: new Set(), staged: undefined };
  const held = state.kind === 'readonly' ? state.version : undefined;
  if (held !== undefined) record.state = { kind: 'upgrading', request, version: held };
  else record.state = { kind: right === 'readonly' ? 'waiting-read' : 'waiting-write', request };
  core.waiting.add(record.page);
  core.exposure.send(record, HOME, 'acquire', { page: record.page, id: request.id, right, held }, out);
}

/** The home confers the right; bytes and acks may be here already or still on their way. A second grant replaces the first (repair). */
export function granted(core: AgentCore, record: PageRecord, item: GrantItem, out: StepOutput): void {
  const state = waitingFor(record, item);
  if (state === undefined) return out.ignored('grant', 'its request has ended', record.page);
  const { request } = state;
  if (item.right !== request.right) return violation(out, HOME, record, `a grant of ${item.right} for a request of ${request.right}`);
  if (item.source === 'own' && state.kind !== 'upgrading') return violation(out, HOME, record, 'a grant without bytes');
  if (item.source === 'content') {
    if (item.content === undefined || !core.isWhole(record.page, item.content)) {
      return violation(out, HOME, record, 'a grant with less or more than a page');
    }
    if (request.staged === undefined) stage(record, request, item.content, item.version, out);
  }
  const awaited = new Set(item.ackers.filter((acker) => !request.early.has(acker) && !core.lost.has(acker)));
  request.grant = { version: item.version, own: item.source === 'own', awaited };
  install(core, record, out);
}

/** Bytes from another agent, perhaps before the grant that announces them. */
export function pageArrived(core: AgentCore, record: PageRecord, from: Incarnation, item: PageItem, out: StepOutput): void {
  const state = waitingFor(record, item);
  if (state === undefined) return out.ignored('page', 'its request has ended', record.page);
  if (!core.isWhole(record.page, item.content)) return violation(out, from, record, 'less or more than a page');
  if (state.request.staged !== undefined) return out.ignored('page', 'its bytes are already here', record.page);
  stage(record, state.request, item.content, item.version, out);
  install(core, record, out);
}

/** A sharer has given its copy up. */
export function acked(core: AgentCore, record: PageRecord, from: Incarnation, item: RequestItem, out: StepOutput): void {
  const state = waitingFor(record, item);
  if (state === undefined) return out.ignored('invalidated', 'its request has ended', record.page);
  state.request.early.add(from);
  state.request.grant?.awaited.delete(from);
  install(core, record, out);
}

/** A node is dead: its ack will not come, and is not needed, for it can no longer touch its copy. */
export function strike(core: AgentCore, record: PageRecord, member: Incarnation, out: StepOutput): void {
  if (isWaiting(record.state) && record.state.request.grant?.awaited.delete(member) === true) install(core, record, out);
}

function stage(record: PageRecord, request: Request, content: PageItem['content'], version: VersionItem['version'], out: StepOutput): void {
  if (record.state.kind === 'upgrading') {
    // The home counts on no copy here, so the one that may still be read must not be.
    out.memory({ kind: 'revoke', page: record.page });
    record.state = { kind: 'waiting-write', request };
  }
  // A request that is being served proves that whatever was kept here is settled: the frame is free.
  record.kept = undefined;
  request.staged = version;
  // Content that arrives is never a reference to a frame: those are resolved before they leave their node.
  out.memory({ kind: 'stage', page: record.page, content: content as Uint8Array | 'zero' });
}

/** Grant, bytes and every ack: the right is here. The accesses that asked run at once, before anything can take it away again. */
function install(core: AgentCore, record: PageRecord, out: StepOutput): void {
  const { state, page } = record;
  if (!isWaiting(state)) return;
  const { request } = state;
  if (request.grant === undefined || request.grant.awaited.size > 0) return;
  if (request.staged === undefined && !(request.grant.own && state.kind === 'upgrading')) return;
  const { version } = request.grant;
  record.kept = undefined;
  core.waiting.delete(page);
  core.exposure.send(record, HOME, 'acquired', { page, id: request.id }, out);
  if (request.right === 'exclusive') {
    record.state = { kind: 'exclusive', version };
    core.exposure.installed(page, version);
  } else {
    record.state = { kind: 'readonly', version };
  }
  out.tell({ kind: 'permit', page, right: request.right });
}

/** The request ends without a right. A readonly copy that was to be upgraded stays: the home still counts on it. */
export function refused(core: AgentCore, record: PageRecord, item: RefusedItem, out: StepOutput): void {
  const state = waitingFor(record, item);
  if (state === undefined) return out.ignored('refused', 'its request has ended', record.page);
  core.waiting.delete(record.page);
  record.state = state.kind === 'upgrading' ? { kind: 'readonly', version: state.version } : { kind: 'invalid' };
  core.forgetFrame(record, out);
  fail(record.page, item.code, out);
}

/** Accesses past their deadline fail; the request goes on, and what it brings will serve later accesses. */
export function expire(core: AgentCore, now: Millis, out: StepOutput): void {
  for (const page of core.waiting) {
    const state = core.records.get(page)?.state;
    if (state === undefined) continue;
    if (isWaiting(state)) {
      if (state.request.deadline > now) continue;
      state.request.deadline = NEVER;
    } else if ('wanted' in state) {
      if (state.wanted !== undefined && state.wanted.deadline > now) continue;
      state.wanted = undefined;
      core.waiting.delete(page);
    }
    fail(page, 'timeout', out);
  }
}

function fail(page: PageId, code: ErrorCode, out: StepOutput): void {
  out.tell({ kind: 'fail', page, code });
}
