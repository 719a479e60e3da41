// The process of a run: it starts the cluster, loads and hurts it. Its parent cleans up behind it, however it ends.
import { setMaxListeners } from 'node:events';
import { Log } from './log.js';
import { NamespaceNetwork } from './network/namespace-network.js';
import { ProxyNetwork } from './network/proxy-network.js';
import type { TortureOptions } from './options.js';
import { memberNames, Torture } from './torture.js';

/** What the parent passes. */
export interface DriverInput {
  readonly options: TortureOptions;
  /** The pid that the namespaces are named after; undefined: there are none. */
  readonly owner: number | undefined;
  readonly networkReason: string;
  /** Mapped programs that this machine can run. */
  readonly programs: number;
}

// The parent has written it.
const { options, owner, networkReason, programs: programCount } = JSON.parse(process.argv[2] ?? '{}') as DriverInput;
const { nodes, programs, all } = memberNames(options.nodes, programCount);
const stop = new AbortController();
// Every fault and every wait of the run listens.
setMaxListeners(0, stop.signal);
// A terminal's Ctrl-C, and what `timeout` sends, reach the whole process group: the parent says when to stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.on('message', () => stop.abort());
process.on('disconnect', () => process.exit(1));

const network = owner === undefined ? await ProxyNetwork.start(all) : await NamespaceNetwork.start(owner, all);
const report = await new Torture({ options, network, networkReason, nodes, programs, log: new Log(), signal: stop.signal }).run();
await new Promise<void>((resolve) => process.send?.(report, undefined, {}, () => resolve()));
process.disconnect();
process.exit(0);
