import { Terminal } from '../src/terminal.js';

/** A terminal whose output is kept. */
export function recordedTerminal({
  tty = false,
  columns = 80,
  env = {},
}: {
  tty?: boolean;
  columns?: number;
  env?: Record<string, string>;
} = {}) {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    isTTY: tty,
    columns,
    write(text: string) {
      written[name] += text;
    },
  });
  return { written, terminal: new Terminal({ stdout: stream('out'), stderr: stream('err'), env }) };
}
