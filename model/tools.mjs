import { spawn, spawnSync } from 'node:child_process';

/** The programs that a check needs, with the Debian packages that bring them. */
const needed = [
  { program: 'spin', args: ['-V'], packages: ['spin'] },
  { program: 'gcc', args: ['--version'], packages: ['gcc', 'libc6-dev'] },
];

const works = ({ program, args }) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** Makes sure that spin and a C compiler are here. Returns why not, as a sentence with what to do, or undefined when they are. */
export function ensureTools(say) {
  const missing = needed.filter((tool) => !works(tool));
  if (missing.length === 0) return undefined;
  const packages = missing.flatMap((tool) => tool.packages);
  const names = missing.map(({ program }) => program).join(' and ');
  const advice = `install ${names} (on Debian and Ubuntu: apt-get install ${packages.join(' ')})`;
  const mayInstall = process.getuid?.() === 0 && works({ program: 'apt-get', args: ['--version'] });
  if (!mayInstall) return `${names} cannot be run here: ${advice}`;
  say(`installing ${packages.join(' ')} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) return `apt-get ${args[0]} failed with exit code ${status}: ${advice}`;
  }
  const still = needed.filter((tool) => !works(tool));
  return still.length === 0
    ? undefined
    : `${still.map(({ program }) => program).join(' and ')} cannot be run after apt-get install: ${advice}`;
}

export function spinVersion() {
  const { stdout } = spawnSync('spin', ['-V'], { encoding: 'utf8' });
  return /Version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
}

const running = new Set();

/** Runs a program in `cwd` until it ends and resolves with what it said. */
export function execute(program, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const chunks = { stdout: [], stderr: [] };
    child.stdout.on('data', (chunk) => chunks.stdout.push(chunk));
    child.stderr.on('data', (chunk) => chunks.stderr.push(chunk));
    child.once('error', (error) => {
      running.delete(child);
      reject(new Error(`cannot run ${program}: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      const stdout = Buffer.concat(chunks.stdout).toString();
      const stderr = Buffer.concat(chunks.stderr).toString();
      resolve({ code, signal, stdout, stderr });
    });
  });
}

/** Ends what {@link execute} has started and not yet seen the end of. */
export function endAll() {
  for (const child of running) child.kill('SIGKILL');
}
