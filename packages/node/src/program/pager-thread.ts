import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { PagewireError } from '@pagewire/protocol';
import { exitProcess } from '@pagewire/userfaultfd';
import { ClusterNode } from '../cluster-node.js';
import { exitCodeOf, otherExitCode } from '../exit-codes.js';
import { KernelMemory } from '../mapped/kernel-memory.js';
import { CallTurns } from './call-turns.js';
import type { Answer, Call, FromPager, PagerThreadData, StartedNode } from './calls.js';
import { ProgramCalls } from './program-calls.js';
import { SharedState } from './shared-state.js';

// The thread in which a node with mapped memory lives. It must never touch a window: it would wait for itself.

/** How often counters are shown to the program's thread while nobody calls. */
const showEveryMs = 20;

// Only `ProgramNode` starts this thread, with exactly this.
const { settings, reason, port, shared: sharedBuffer } = workerData as PagerThreadData;
const shared = new SharedState(sharedBuffer);

const say = (message: FromPager, moved: readonly ArrayBuffer[] = []): void => {
  port.postMessage(message, [...moved]);
  shared.answered();
};

/** Threads of the program may be waiting in faults, the one that would print among them: so this thread prints, and ends them all. */
function endProcess(code: number, why: string): never {
  // The descriptor of standard error may be closed, or full and non-blocking; the code then says it alone.
  try {
    writeSync(2, `pagewire: node "${settings.name}" ends its process with code ${code}: ${why}\n`);
  } catch {}
  exitProcess(code);
}

const unservable = (error: PagewireError): void => endProcess(exitCodeOf(error.code), error.message);

const endForBug = (error: Error): never => endProcess(otherExitCode, `a bug in pagewire: ${error.stack ?? error.message}`);

process.on('uncaughtException', (error) => {
  if (shared.windows > 0) endForBug(error);
  throw error;
});

async function start(): Promise<ClusterNode> {
  const memory = new KernelMemory(reason, (windows) => {
    shared.windows = windows;
  });
  try {
    return await ClusterNode.start({ ...settings, memory, unservable });
  } catch (error) {
    memory.close();
    throw error;
  }
}

function answerOf(id: number, error: unknown): Answer {
  if (error instanceof PagewireError) return { kind: 'failed', id, code: error.code, message: error.message };
  return { kind: 'failed', id, code: undefined, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

function serve(node: ClusterNode): void {
  const calls = new ProgramCalls(node, shared);
  const show = (): void => {
    shared.counters = node.counters();
  };
  const showing = setInterval(show, showEveryMs);
  node.onRightsEnded((end) => {
    shared.lifeEnded();
    if (shared.windows === 0 || end === undefined) return;
    // Threads may compute on what this node has no right to any more (DESIGN, membership by lease).
    if (end.bug === undefined) endProcess(exitCodeOf('fenced'), end.reason);
    else endForBug(end.bug);
  });
  node.onStateChange((state, why) => {
    say({ kind: 'state', state, reason: why, incarnation: node.incarnation });
    if (state !== 'closed') return;
    clearInterval(showing);
  });
  const turns = new CallTurns((call) => {
    calls.objects.call(call).then(
      (value) => {
        show();
        say({ kind: 'done', id: call.id, value }, value instanceof Uint8Array && value.buffer instanceof ArrayBuffer ? [value.buffer] : []);
      },
      (error) => say(answerOf(call.id, error)),
    );
  });
  port.on('message', (call: Call) => turns.add(call));
  const { incarnation, urls, port: listening, state } = node;
  const started: StartedNode = { incarnation, urls, port: listening, state };
  say({ kind: 'done', id: 0, value: started });
}

start().then(serve, (error) => {
  say(answerOf(0, error));
  port.close();
});
