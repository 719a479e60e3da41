import { readdirSync, readFileSync } from 'node:fs';
import { childrenOf } from '@pagewire/test';
import { listeningPorts } from './sockets.js';

/** What a process has of the machine at one moment. */
export interface ProcessFigures {
  readonly descriptors: number;
  readonly threads: number;
  readonly residentBytes: number;
  readonly children: number;
  readonly ports: number;
}

/** Reads them from Linux's /proc (proc(5)); undefined for a process that is gone, and where there is no /proc. */
export function processFigures(pid: number): ProcessFigures | undefined {
  try {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return {
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      threads: readdirSync(`/proc/${pid}/task`).length,
      residentBytes: Number(kib ?? 0) * 1024,
      children: childrenOf(pid).length,
      ports: listeningPorts(pid).length,
    };
  } catch {
    return undefined;
  }
}
