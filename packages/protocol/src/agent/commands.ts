import { unreachable } from '../errors.js';
import type { Incarnation } from '../ids.js';
import type { FrameRef, InvalidateItem, QueryItem, ReportItem, SupplyItem, TransferItem, VersionItem } from '../messages.js';
import { contentWeight } from '../outbox.js';
import { type AgentCore, violation } from './agent-core.js';
import { HOME } from './agent-io.js';
import type { Command, PageRecord } from './page-record.js';
import type { StepOutput } from './step-output.js';

/** Takes a command of the home: carried out now, or when the pins that forbid it have ended. The order per page is the home's. */
export function command(core: AgentCore, record: PageRecord, cmd: Command, out: StepOutput): void {
  if (record.deferred.length > 0 || pinned(record, cmd)) record.deferred.push(cmd);
  else carryOut(core, record, cmd, out);
}

/** A pin has ended: carries out what waited for it. */
export function resumeCommands(core: AgentCore, record: PageRecord, out: StepOutput): void {
  for (let next = record.deferred[0]; next !== undefined && !pinned(record, next); next = record.deferred[0]) {
    record.deferred.shift();
    carryOut(core, record, next, out);
  }
}

function pinned(record: PageRecord, { kind }: Command): boolean {
  switch (kind) {
    case 'transfer':
    case 'invalidate':
      return record.readonlyPins + record.exclusivePins > 0;
    case 'downgrade':
      return record.exclusivePins > 0;
    case 'supply':
    case 'settled':
    case 'query':
      return false;
    default:
      return unreachable(kind);
  }
}

function carryOut(core: AgentCore, record: PageRecord, cmd: Command, out: StepOutput): void {
  switch (cmd.kind) {
    case 'supply':
      return supply(core, record, cmd.item, out);
    case 'downgrade':
      return downgrade(core, record, cmd.item, out);
    case 'transfer':
      return transfer(core, record, cmd.item, out);
    case 'invalidate':
      return invalidate(core, record, cmd.item, out);
    case 'settled':
      return settled(core, record, cmd.item, out);
    case 'query':
      return query(core, record, cmd.item, out);
    default:
      return unreachable(cmd);
  }
}

const frameOf = (record: PageRecord): FrameRef => ({ frame: record.page });

function shipPage(core: AgentCore, record: PageRecord, to: Incarnation, item: SupplyItem, out: StepOutput): void {
  const page = { page: record.page, id: item.id, version: item.version, content: frameOf(record) };
  core.exposure.expose(record, to, 'page', page, core.pageBytes(record.page), out);
}

function supply(core: AgentCore, record: PageRecord, item: SupplyItem, out: StepOutput): void {
  const { state } = record;
  const holds = state.kind === 'readonly' || state.kind === 'upgrading' || state.kind === 'releasing-readonly';
  if (!holds || state.version !== item.version) return violation(out, HOME, record, `supply of version ${item.version}`);
  shipPage(core, record, item.to, item, out);
}

function downgrade(core: AgentCore, record: PageRecord, item: SupplyItem, out: StepOutput): void {
  const { state, page } = record;
  const holds = state.kind === 'exclusive' || state.kind === 'releasing';
  if (!holds || state.version !== item.version) return violation(out, HOME, record, `downgrade of version ${item.version}`);
  if (state.kind === 'exclusive') {
    out.memory({ kind: 'protect', page });
    record.state = { kind: 'readonly', version: state.version };
  } else {
    record.state = { kind: 'releasing-readonly', version: state.version, wanted: state.wanted };
  }
  shipPage(core, record, item.to, item, out);
  const { id, version } = item;
  core.exposure.expose(record, HOME, 'downgraded', { page, id, version, content: frameOf(record) }, core.pageBytes(page), out);
}

function transfer(core: AgentCore, record: PageRecord, item: TransferItem, out: StepOutput): void {
  const { state } = record;
  const holds = 'version' in state;
  if (!holds || state.version !== item.version) return violation(out, HOME, record, `transfer of version ${item.version}`);
  revokeCopy(record, out);
  shipPage(core, record, item.to, item, out);
  keepOrForget(core, record, item.keep, state.version, out);
}

/** A node whose copy is on its way back with a release that the home has not seen yet acks too. */
function invalidate(core: AgentCore, record: PageRecord, item: InvalidateItem, out: StepOutput): void {
  const { state } = record;
  if (state.kind === 'exclusive' || state.kind === 'releasing') return violation(out, HOME, record, 'invalidate of an exclusive page');
  if ('version' in state) {
    revokeCopy(record, out);
    keepOrForget(core, record, item.keep, state.version, out);
  }
  // I4: the messages of a step leave after its `revoke`.
  core.exposure.send(record, item.to, 'invalidated', { page: record.page, id: item.id }, out);
}

/** The copy is gone for accesses here; requests and releases under way go on without it. */
function revokeCopy(record: PageRecord, out: StepOutput): void {
  const { state, page } = record;
  switch (state.kind) {
    case 'readonly':
    case 'exclusive':
      out.memory({ kind: 'revoke', page });
      record.state = { kind: 'invalid' };
      return;
    case 'upgrading':
      out.memory({ kind: 'revoke', page });
      record.state = { kind: 'waiting-write', request: state.request };
      return;
    case 'releasing':
    case 'releasing-readonly':
      record.state = { kind: 'releasing-nothing', wanted: state.wanted };
      return;
    case 'invalid':
    case 'waiting-read':
    case 'waiting-write':
    case 'releasing-nothing':
      return;
    default:
      unreachable(state);
  }
}

function keepOrForget(core: AgentCore, record: PageRecord, keep: boolean, version: VersionItem['version'], out: StepOutput): void {
  if (keep) record.kept = version;
  core.forgetFrame(record, out);
}

/** A grant has been committed: copies kept for its sake may go, and what was written under it may be told. */
function settled(core: AgentCore, record: PageRecord, item: VersionItem, out: StepOutput): void {
  if (record.kept !== undefined && record.kept < item.version) {
    record.kept = undefined;
    core.forgetFrame(record, out);
  }
  core.exposure.confirm(record.page, item.version, out);
}

function query(core: AgentCore, record: PageRecord, item: QueryItem, out: StepOutput): void {
  const answer = report(record, item.round);
  const weight = answer.content === undefined ? 0 : contentWeight(answer.content, core.pageBytes(record.page));
  core.exposure.send(record, HOME, 'report', answer, out, weight);
}

function report(record: PageRecord, round: number): ReportItem {
  const { state, page, kept } = record;
  const content = frameOf(record);
  switch (state.kind) {
    case 'exclusive':
      return { page, round, holding: 'exclusive', version: state.version };
    case 'readonly':
    case 'upgrading':
    case 'releasing-readonly':
      return { page, round, holding: 'readonly', version: state.version, content };
    case 'releasing':
      return { page, round, holding: 'kept', version: state.version, content };
    case 'waiting-read':
    case 'waiting-write':
      if (state.request.staged !== undefined) return { page, round, holding: 'pending', version: state.request.staged, content };
      break;
    case 'invalid':
    case 'releasing-nothing':
      break;
    default:
      return unreachable(state);
  }
  // Version 0 with `none` means nothing: a holding of none has no bytes to be a version of.
  if (kept === undefined) return { page, round, holding: 'none', version: 0 as ReportItem['version'] };
  return { page, round, holding: 'kept', version: kept, content };
}
