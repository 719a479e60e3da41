import type { CommandContext } from './command-context.js';

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);
const anyInterface = new Set(['0.0.0.0', '::']);

/** Says what `--insecure` means for a process that listens on `host`, where it means something. */
export function warnIfInsecure(
  host: string,
  insecure: boolean,
  { terminal, supervised }: Pick<CommandContext, 'terminal' | 'supervised'>,
): void {
  if (!insecure || supervised || loopback.has(host)) return;
  const { yellow } = terminal.colors;
  terminal.say(
    `${yellow('INSECURE:')} no authentication and no encryption; anyone who reaches ${host} can read and write all memory of the cluster`,
  );
  // Peers are told the address that was listened on.
  if (anyInterface.has(host))
    terminal.say(`${yellow('note:')} ${host} reaches only this machine; nodes on others need the address of an interface, or --advertise`);
}
