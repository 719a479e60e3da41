import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { run } from './child.mjs';

/** The package manager that wrote the lockfile. npx fetches it, so that Node.js and npm are all a machine needs. */
const pnpm = 'pnpm@10.34.9';

const lockfile = new URL('../pnpm-lock.yaml', import.meta.url);
const stamp = new URL('../node_modules/.pagewire-installed', import.meta.url);

/** Installs what the lockfile says unless it is there already. Resolves with an exit code. */
export async function installDependencies(say) {
  const wanted = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    say('dependencies are up to date');
    return 0;
  }
  say(`installing dependencies with ${pnpm}`);
  // npx is a .cmd file on Windows, which only a shell runs.
  const shell = process.platform === 'win32';
  const args = ['-y', pnpm, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false'];
  const code = await run('npx', args, { shell, aside: true });
  if (code === 0) writeFileSync(stamp, wanted);
  else if (code < 128) say('installing failed: it needs the npm registry, or a filled cache');
  return code;
}

/** Packages differ by platform too: some carry native code. */
function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(lockfile)).digest('hex');
  return `${hash} ${process.platform}-${process.arch}\n`;
}
