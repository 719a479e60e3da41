import { execFile, spawn } from 'node:child_process';

/** How long one command of the system may take. */
const commandMs = 20_000;

/** Runs a program of the system and returns what it prints. Rejects with its own words when it fails. */
export function run(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, [...args], { timeout: commandMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}

/** The same with something on its standard input. */
export function feed(file: string, args: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], { stdio: ['pipe', 'ignore', 'pipe'], timeout: commandMs });
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${file} ${args.join(' ')}: ${errors.trim() || code}`))));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

export const works = (file: string, args: readonly string[]): Promise<boolean> =>
  run(file, args).then(
    () => true,
    () => false,
  );
