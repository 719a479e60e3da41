import { InvariantError, PagewireError } from '@pagewire/protocol';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../src/commands/command-context.js';
import { CommandError } from '../src/failure.js';
import { type Actions, runCommandLine } from '../src/program.js';
import { StopRequests } from '../src/stop.js';
import { recordedTerminal } from './recorded-terminal.js';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The command that ran and the options it got. */
  readonly command: string | undefined;
  readonly options: unknown;
  readonly parentIpc: boolean | undefined;
}

async function run(
  line: string,
  { result = 0, failure, debug = false }: { result?: number; failure?: unknown; debug?: boolean } = {},
): Promise<Ran> {
  const { terminal, written } = recordedTerminal();
  let ran: Pick<Ran, 'command' | 'options' | 'parentIpc'> = { command: undefined, options: undefined, parentIpc: undefined };
  let parentIpcGiven: boolean | undefined;
  const record = (command: string) => async (options: object) => {
    ran = { command, options: { ...options }, parentIpc: parentIpcGiven };
    if (failure !== undefined) throw failure;
    return result;
  };
  const actions: Actions = {
    up: record('up'),
    coordinator: record('coordinator'),
    node: record('node'),
    load: record('load'),
    run: record('run'),
    status: record('status'),
    doctor: record('doctor'),
    demo: record('demo'),
  };
  const context = ({ parentIpc }: { readonly parentIpc: boolean }): CommandContext => {
    parentIpcGiven = parentIpc;
    const stop = new StopRequests();
    stop.dispose();
    return { terminal, stop, debug, supervised: parentIpc };
  };
  const code = await runCommandLine(line.split(' ').filter(Boolean), { terminal, debug, context, actions });
  return { code, out: written.out, err: written.err, ...ran };
}

describe('options', () => {
  it('up without options is three nodes on loopback', async () => {
    expect((await run('up')).options).toEqual({
      nodes: 3,
      host: '127.0.0.1',
      port: 7070,
      transport: 'ws',
      memory: 'auto',
      insecure: false,
      json: false,
    });
  });

  it("a coordinator's sizes and durations are read in people's units", async () => {
    const ran = await run('coordinator --listen 127.0.0.1:0 --store-bytes 64M --lease 2s --json');
    expect(ran.options).toEqual({
      listen: { host: '127.0.0.1', port: 0 },
      storeBytes: 64 * 1024 ** 2,
      lease: 2000,
      insecure: false,
      json: true,
    });
  });

  it('a node offers both transports and takes the best memory unless told otherwise', async () => {
    const ran = await run('node --coordinator ws://127.0.0.1:7070 --name n1 --listen [::1]:7071');
    expect(ran.options).toEqual({
      coordinator: 'ws://127.0.0.1:7070',
      name: 'n1',
      listen: { host: '::1', port: 7071 },
      transport: 'both',
      memory: 'auto',
      insecure: false,
      json: false,
    });
  });

  it('a load leaves to the load generator what is not said', async () => {
    expect((await run('load --target ws://h:1,grpc://h:2 --workload counter')).options).toEqual({
      target: ['ws://h:1', 'grpc://h:2'],
      workload: 'counter',
      json: false,
    });
  });

  it("a run has a cluster of its own, and what comes after the program is the program's", async () => {
    const own = { transport: 'ws', memory: 'auto', grace: 5000, program: 'a.js', args: ['-n', '9', '--memory', 'x', '--help'] };
    expect((await run('run -n 4 a.js -n 9 --memory x --help')).options).toEqual({ nodes: 4, ...own });
    const joins = await run('run --coordinator grpc://h:1 --nodes 2 --grace 200ms -- a.js');
    expect(joins.options).toEqual({ ...own, nodes: 2, coordinator: 'grpc://h:1', grace: 200, args: [] });
  });

  it('the flag of a supervising parent reaches the context', async () => {
    expect((await run('coordinator --listen 127.0.0.1:0 --parent-ipc')).parentIpc).toBe(true);
  });

  it('the exit code of the command is the exit code of the process', async () => {
    expect((await run('up', { result: 130 })).code).toBe(130);
  });
});

describe('usage errors', () => {
  it.each([
    ['upp', "pagewire: unknown command 'upp' (did you mean up?); see pagewire --help"],
    ['frobnicate', "pagewire: unknown command 'frobnicate'; see pagewire --help"],
    ['help frobnicate', 'pagewire help: unknown command "frobnicate"; see pagewire --help'],
    ['help --nodes 0', 'pagewire help: unknown command "--nodes"; see pagewire --help'],
    ['up --nodez 3', "pagewire up: unknown option '--nodez' (did you mean --nodes?); see pagewire up --help"],
    ['up extra', "pagewire up: too many arguments for 'up'. Expected 0 arguments but got 1; see pagewire up --help"],
    ['run -n 2', "pagewire run: missing required argument 'program'; see pagewire run --help"],
    ['run a.js', "pagewire run: required option '-n, --nodes <n>' not specified; see pagewire run --help"],
    ['run -n 65 a.js', "pagewire run: option '-n, --nodes <n>' argument '65' is invalid. The most is 64; see pagewire run --help"],
    ['run -n 2 --memry auto a.js', "pagewire run: unknown option '--memry' (did you mean --memory?); see pagewire run --help"],
    ['doctor me', "pagewire doctor: too many arguments for 'doctor'. Expected 0 arguments but got 1; see pagewire doctor --help"],
    ['up --nodes', "pagewire up: option '--nodes <n>' argument missing; see pagewire up --help"],
    [
      'up --nodes three',
      "pagewire up: option '--nodes <n>' argument 'three' is invalid. Write a whole number of 0 or more; see pagewire up --help",
    ],
    ['up --nodes 0', "pagewire up: option '--nodes <n>' argument '0' is invalid. The least is 1; see pagewire up --help"],
    ['up --port 99999', "pagewire up: option '--port <port>' argument '99999' is invalid. The most is 65535; see pagewire up --help"],
    [
      'up --memory maped',
      "pagewire up: option '--memory <mode>' argument 'maped' is invalid. Did you mean mapped?; see pagewire up --help",
    ],
    ['node --name n1', "pagewire node: required option '--coordinator <url>' not specified; see pagewire node --help"],
    [
      'coordinator --listen 127.0.0.1:0 --store-bytes 4GB',
      "pagewire coordinator: option '--store-bytes <size>' argument '4GB' is invalid. Write 4GiB: units are powers of 1024; see pagewire coordinator --help",
    ],
    [
      'load --target ws://h:1 --workload countr',
      "pagewire load: option '--workload <name>' argument 'countr' is invalid. Did you mean counter?; see pagewire load --help",
    ],
    [
      'load --target ws://h:1 --workload a --duration 10',
      "pagewire load: option '--duration <time>' argument '10' is invalid. Say the unit: 10s, 10ms or 10m; see pagewire load --help",
    ],
  ])('%s is answered in one line with exit code 2, and nothing runs', async (line, answer) => {
    expect(await run(line)).toMatchObject({ code: 2, out: '', err: `${answer}\n`, command: undefined });
  });

  it('no command at all shows the help and is an error', async () => {
    const ran = await run('');
    expect([ran.code, ran.out, ran.err.includes('Usage: pagewire <command>')]).toEqual([2, '', true]);
  });
});

describe('help', () => {
  it.each(['up', 'coordinator', 'node', 'load', 'run', 'status', 'doctor'])(
    '%s explains itself with examples on stdout',
    async (command) => {
      const ran = await run(`${command} --help`);
      expect([ran.code, ran.err, ran.command]).toEqual([0, '', undefined]);
      expect(ran.out).toContain(`Usage: pagewire ${command}`);
      expect(ran.out).toContain('Examples:');
    },
  );

  it('lists the commands, without those that are for the project itself', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect(out).toMatch(/ up .*\n.* coordinator .*\n.* node .*\n.* load .*\n.* run .*\n.* status .*\n.* doctor /);
    expect(out).not.toContain('demo');
  });

  it('does not mention what only a supervising parent passes', async () => {
    expect((await run('node --help')).out).not.toContain('parent-ipc');
  });

  it('the version is that of the package', async () => {
    expect((await run('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('failures', () => {
  it('an operating error is one line with its code', async () => {
    const failure = new PagewireError('address-in-use', 'cannot listen on 127.0.0.1:7070:\n choose another port');
    expect(await run('up', { failure })).toMatchObject({
      code: 1,
      out: '',
      err: 'pagewire up: cannot listen on 127.0.0.1:7070: choose another port (address-in-use)\n',
    });
  });

  it('a value that only the library can refuse is a usage error', async () => {
    expect((await run('up', { failure: new PagewireError('bad-argument', 'no such thing') })).code).toBe(2);
  });

  it("a command's own error is its message and its exit code", async () => {
    expect(await run('up', { failure: new CommandError('no', 3) })).toMatchObject({ code: 3, err: 'pagewire up: no\n' });
  });

  it('a bug is called a bug and shows no stack', async () => {
    const ran = await run('up', { failure: new InvariantError('two owners') });
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/^pagewire up: this is a bug in pagewire \(a broken invariant\): two owners\. Please report it; .*\n$/);
  });

  it('a bug shows its stack to those who debug', async () => {
    const ran = await run('up', { failure: new InvariantError('two owners'), debug: true });
    expect(ran.err).toContain('InvariantError: two owners\n    at ');
  });

  it('an error of the operating system is its message', async () => {
    const failure = Object.assign(new Error('listen EACCES: permission denied 127.0.0.1:1'), { code: 'EACCES', syscall: 'listen' });
    expect((await run('up', { failure })).err).toBe('pagewire up: listen EACCES: permission denied 127.0.0.1:1\n');
  });
});
