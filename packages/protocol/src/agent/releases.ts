import { type Millis, version } from '../ids.js';
import type { Content } from '../messages.js';
import type { AgentCore } from './agent-core.js';
import { HOME } from './agent-io.js';
import type { PageRecord } from './page-record.js';
import { fault } from './requests.js';
import type { StepOutput } from './step-output.js';

/** Gives a page up unasked. Its bytes travel even when clean: this may be the last copy (rule 4 of the protocol model). */
export function evict(core: AgentCore, record: PageRecord, out: StepOutput): void {
  const { state, page } = record;
  if (state.kind !== 'readonly' && state.kind !== 'exclusive') return out.ignored('evict', `the page is ${state.kind}`, page);
  if (record.readonlyPins + record.exclusivePins > 0) return out.ignored('evict', 'the page is pinned', page);
  out.memory({ kind: 'revoke', page });
  record.state = { kind: state.kind === 'exclusive' ? 'releasing' : 'releasing-readonly', version: state.version, wanted: undefined };
  const content: Content = state.version === version(0) ? 'zero' : { frame: page };
  core.exposure.expose(record, HOME, 'release', { page, version: state.version, content }, core.pageBytes(page), out);
}

/** The home has the bytes: the page is not held any more, and a fault that came meanwhile is asked for now. */
export function released(core: AgentCore, record: PageRecord, now: Millis, out: StepOutput): void {
  const { state, page } = record;
  if (state.kind !== 'releasing' && state.kind !== 'releasing-readonly' && state.kind !== 'releasing-nothing') {
    out.tell({ kind: 'violation', from: HOME, what: `released for page that is ${state.kind} here` });
    return;
  }
  const { wanted } = state;
  record.state = { kind: 'invalid' };
  core.waiting.delete(page);
  core.forgetFrame(record, out);
  out.tell({ kind: 'evicted', page });
  if (wanted === undefined) return;
  if (wanted.deadline > now) fault(core, record, wanted.right, wanted.deadline, out);
  else out.tell({ kind: 'fail', page, code: 'timeout' });
}
