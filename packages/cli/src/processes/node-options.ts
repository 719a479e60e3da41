/** Options of the inspector: each names one port, which several processes cannot share. */
const ofInspector = /^--inspect(-brk|-wait|-port|-publish-uid)?(=|$)/;
/** The ones that may stand apart from their value. */
const withValue = ['--inspect-port', '--inspect-publish-uid'];

/** What programs that this process starts take over of its own Node.js options. */
export function inheritedNodeOptions(execArgv: readonly string[]): readonly string[] {
  return execArgv.filter(isNotOfInspector);
}

/** `env` for a process that this one starts, with NODE_OPTIONS that keep to the same rule. */
export function inheritedEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = env['NODE_OPTIONS'];
  if (given === undefined) return env;
  // Parted by spaces, but for those within double quotes, where a backslash takes the next character as it is.
  const quoted = given.match(/(?:[^ "]|"(?:\\.|[^"\\])*"?)+/g) ?? [];
  const options = quoted.map((option) => option.replace(/"((?:\\.|[^"\\])*)"?/g, (_, inner: string) => inner.replace(/\\(.)/g, '$1')));
  return { ...env, NODE_OPTIONS: quoted.filter((_, at) => isNotOfInspector(options[at] ?? '', at, options)).join(' ') };
}

function isNotOfInspector(option: string, at: number, options: readonly string[]): boolean {
  return !ofInspector.test(option) && !withValue.includes(options[at - 1] ?? '');
}
