import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** One Ctrl-C can come twice: from the terminal, and from npm passing it on. */
const samePressMs = 400;

/**
 * Runs a program with this terminal until it ends and resolves with its exit code (128 + number when a signal ended it). Requests to stop
 * are the program's to answer: this process waits for it. What a program that is `aside` prints goes to standard error: standard output is kept for
 * the one that was asked for.
 */
export function run(command, args, { tied = false, shell = false, env = process.env, aside = false } = {}) {
  return new Promise((resolve) => {
    // A program that is tied ends when this process is gone, however it went: it watches the IPC channel.
    const stdout = aside ? process.stderr : 'inherit';
    const stdio = ['inherit', stdout, 'inherit', ...(tied ? ['ipc'] : [])];
    const child = spawn(command, args, { stdio, shell, env });
    const unlisten = passSignals(child);
    child.once('error', (error) => {
      process.stderr.write(`cannot run ${command}: ${error.message}\n`);
      unlisten();
      resolve(127);
    });
    child.once('exit', (code, signal) => {
      unlisten();
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

/** Runs a Node.js program. */
export const runNode = (program, args, options) => run(process.execPath, [program, ...args], options);

function passSignals(child) {
  let last = Number.NEGATIVE_INFINITY;
  // A terminal sends Ctrl-C to the whole process group, the child included; a second copy would mean "at once" to it.
  const fromTerminal = (signal) => signal === 'SIGINT' && process.stdin.isTTY === true;
  const pass = (signal) => {
    const now = performance.now();
    if (!fromTerminal(signal) && now - last > samePressMs) child.kill(signal);
    last = now;
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  return () => {
    for (const signal of signals) process.off(signal, pass);
  };
}
