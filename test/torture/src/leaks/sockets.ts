import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** States of a TCP socket in /proc/net/tcp (include/net/tcp_states.h). */
const established = '01';
const listening = '0A';

interface TcpSocket {
  readonly localPort: number;
  readonly state: string;
  readonly unsentBytes: number;
  readonly inode: string;
}

/** The TCP sockets of the network namespace that a process lives in (proc(5)); none where there is no /proc. */
function socketsNear(pid: number): readonly TcpSocket[] {
  return ['tcp', 'tcp6'].flatMap((table) => {
    const lines = read(`/proc/${pid}/net/${table}`).split('\n').slice(1).filter(Boolean);
    return lines.map((line) => {
      const columns = line.trim().split(/\s+/);
      const port = columns[1]?.split(':')[1] ?? '0';
      const unsent = columns[4]?.split(':')[0] ?? '0';
      return { localPort: parseInt(port, 16), state: columns[3] ?? '', unsentBytes: parseInt(unsent, 16), inode: columns[9] ?? '' };
    });
  });
}

/** Bytes that wait in the sockets of a port of a process because who should read them does not. */
export function unsentBytes(pid: number, localPort: number): number {
  return socketsNear(pid)
    .filter((socket) => socket.state === established && socket.localPort === localPort)
    .reduce((sum, { unsentBytes: bytes }) => sum + bytes, 0);
}

/** The ports that a process listens on. */
export function listeningPorts(pid: number): readonly number[] {
  const own = new Set(inodesOf(pid));
  const ports = socketsNear(pid).filter(({ state, inode }) => state === listening && own.has(inode));
  return [...new Set(ports.map(({ localPort }) => localPort))].sort((a, b) => a - b);
}

/** The ports of loopback and beyond that anybody in this process's network namespace listens on. */
export function allListeningPorts(): readonly number[] {
  return [
    ...new Set(
      socketsNear(process.pid)
        .filter(({ state }) => state === listening)
        .map(({ localPort }) => localPort),
    ),
  ];
}

function inodesOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return list(folder).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(link(`${folder}/${fd}`))?.[1] ?? []);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
