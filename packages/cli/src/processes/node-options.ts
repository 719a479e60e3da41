/** Options of the inspector: each names one port, which several processes cannot share. */
const ofInspector = /^--inspect(-brk|-wait|-port|-publish-uid)?(=|$)/;
/** The ones that may stand apart from their value. */
const withValue = ['--inspect-port', '--inspect-publish-uid'];

/** What programs that this process starts take over of its own Node.js options. */
export function inheritedNodeOptions(execArgv: readonly string[]): readonly string[] {
  return execArgv.filter((option, at) => !ofInspector.test(option) && !withValue.includes(execArgv[at - 1] ?? ''));
}
