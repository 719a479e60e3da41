import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * The process among `pids` whose TCP socket is bound to local port `port`, found in Linux's /proc. It lets a proxy tell its clients apart
 * although they all come from loopback. `undefined` when none of them has it, or there is no /proc.
 */
export function socketOwner(port: number, pids: readonly number[]): number | undefined {
  const inode = socketInode(port);
  return inode === undefined ? undefined : pids.find((pid) => hasSocket(pid, inode));
}

/** True where {@link socketOwner} can work. */
export function canFindSocketOwners(): boolean {
  try {
    return readFileSync('/proc/net/tcp', 'utf8').length > 0;
  } catch {
    return false;
  }
}

/** Columns of /proc/net/tcp (proc(5)): slot, local address and port in hex, …, the inode in the tenth. */
function socketInode(port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of read(table).split('\n')) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(suffix) && columns[9] !== undefined && columns[9] !== '0') return columns[9];
    }
  }
  return undefined;
}

function hasSocket(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => link(`${folder}/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
