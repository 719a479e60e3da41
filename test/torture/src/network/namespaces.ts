import { readdirSync, readFileSync } from 'node:fs';
import { feed, run, works } from './command.js';

/** Everything that a run makes carries this and the pid of the run, so that what a dead run has left can be told from what a live one uses. */
const prefix = 'pagewire';
const folder = '/run/netns';

export const namespaceOf = (owner: number, name: string): string => `${prefix}-${owner}-${name}`;
export const hub = 'hub';
/** The hub's end of a member's cable; network interfaces have names of at most 15 characters. */
export const cableOf = (name: string): string => `v-${name}`.slice(0, 15);
/** Addresses that exist inside the namespaces of a run only: a /30 for each cable. Members are numbered from 1. */
export const hubAddress = (member: number): string => `10.77.${member}.1`;
export const memberAddress = (member: number): string => `10.77.${member}.2`;
export const within = (owner: number, name: string): readonly string[] => ['ip', 'netns', 'exec', namespaceOf(owner, name)];

/** Forwarded packets are lost when their pair of addresses is in `cut`, and by chance when one of them is in `lossy`. */
const rules = `table inet ${prefix} {
  set cut {
    type ipv4_addr . ipv4_addr
  }
  map lossy_from {
    type ipv4_addr : verdict
  }
  map lossy_to {
    type ipv4_addr : verdict
  }
  counter dropped {
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ip saddr . ip daddr @cut counter name dropped drop
    ip saddr vmap @lossy_from
    ip daddr vmap @lossy_to
  }
}
`;

/** Why network namespaces cannot be used here; undefined when they can. Installs what is missing if it may. */
export async function namespacesRefusal(
  { install }: { readonly install: boolean },
  say: (text: string) => void,
): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const missing = await missingPackages();
  if (missing.length > 0) {
    if (!install || !(await works('apt-get', ['--version']))) return `there is no ${missing.join(' and no ')} here`;
    say(`installing the Debian packages ${missing.join(' and ')} (--no-install would use proxies instead)`);
    if (!(await works('apt-get', ['install', '-y', '--no-install-recommends', ...missing])))
      return `${missing.join(' and ')} could not be installed`;
  }
  return tryNamespace();
}

async function missingPackages(): Promise<readonly string[]> {
  const [ip, nft] = await Promise.all([works('ip', ['-V']), works('nft', ['--version'])]);
  return [...(ip ? [] : ['iproute2']), ...(nft ? [] : ['nftables'])];
}

/** Containers may have the programs and not the right to use them. */
async function tryNamespace(): Promise<string | undefined> {
  const name = namespaceOf(process.pid, 'try');
  try {
    await run('ip', ['netns', 'add', name]);
    await feed('ip', ['netns', 'exec', name, 'nft', '-f', '-'], rules);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await works('ip', ['netns', 'delete', name]);
  }
}

/**
 * Makes a namespace for each member and one for the hub that routes between them. `members` are in order of their numbers. Nothing is made
 * outside of these namespaces.
 */
export async function createNamespaces(owner: number, members: readonly string[]): Promise<void> {
  const center = namespaceOf(owner, hub);
  await run('ip', ['netns', 'add', center]);
  await run('ip', ['-n', center, 'link', 'set', 'lo', 'up']);
  await feed('ip', ['netns', 'exec', center, 'tee', '/proc/sys/net/ipv4/ip_forward'], '1\n');
  await feed('ip', ['netns', 'exec', center, 'nft', '-f', '-'], rules);
  for (const [index, name] of members.entries()) await createMember(owner, name, index + 1);
}

async function createMember(owner: number, name: string, member: number): Promise<void> {
  const [center, own, cable] = [namespaceOf(owner, hub), namespaceOf(owner, name), cableOf(name)];
  await run('ip', ['netns', 'add', own]);
  await run('ip', ['-n', own, 'link', 'set', 'lo', 'up']);
  await run('ip', ['link', 'add', cable, 'netns', center, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', own]);
  await run('ip', ['-n', center, 'address', 'add', `${hubAddress(member)}/30`, 'dev', cable]);
  await run('ip', ['-n', own, 'address', 'add', `${memberAddress(member)}/30`, 'dev', 'eth0']);
  await run('ip', ['-n', center, 'link', 'set', cable, 'up']);
  await run('ip', ['-n', own, 'link', 'set', 'eth0', 'up']);
  await run('ip', ['-n', own, 'route', 'add', 'default', 'via', hubAddress(member)]);
}

/** The namespaces that the run of `owner` has made and that still exist. */
export function namespacesOf(owner: number): readonly string[] {
  return allNamespaces().filter((name) => name.startsWith(`${prefix}-${owner}-`));
}

/** Ends what still runs in the namespaces of a run, and removes them with their cables and rules. */
export async function removeNamespaces(owner: number): Promise<void> {
  for (const name of namespacesOf(owner)) {
    const pids = await run('ip', ['netns', 'pids', name]).catch(() => '');
    for (const pid of pids.split('\n').filter(Boolean).map(Number)) endProcess(pid);
    await works('ip', ['netns', 'delete', name]);
  }
}

/** Removes what runs left that could not clean up. Returns how many namespaces that were. */
export async function removeLeftovers(): Promise<number> {
  let removed = 0;
  const owners = new Set(allNamespaces().flatMap((name) => /^pagewire-(\d+)-/.exec(name)?.[1] ?? []));
  for (const owner of [...owners].map(Number)) {
    if (isTorture(owner)) continue;
    removed += namespacesOf(owner).length;
    await removeNamespaces(owner);
  }
  return removed;
}

function allNamespaces(): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The pid of a dead run may have gone to another program. */
function isTorture(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('torture');
  } catch {
    return false;
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
