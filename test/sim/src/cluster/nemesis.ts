import type { PlannedNemesis } from './plan.js';
import { hostOf, type NodeProcess, type SimulatedCluster } from './simulated-cluster.js';

/** What a nemesis can do to the run besides breaking the network. */
export interface Victims {
  readonly cluster: SimulatedCluster;
  readonly nodes: number;
  /** The faults are over: whoever is gone comes back at once. */
  readonly hurry: boolean;
  /** The life of the node that runs now, if one does and it has joined. */
  life(node: number): NodeProcess | undefined;
  /** Starts the node's next life. */
  restart(node: number): void;
  died(life: NodeProcess): void;
  trace(what: string): void;
  count(what: string): void;
}

/** What happens between two hosts. */
const pairwise: ReadonlySet<string> = new Set(['partition', 'one-way', 'cut', 'half-open', 'slow']);

/** Does what was planned. Whatever it breaks for a time is mended by `healAll` of the run at the latest. */
export function strike(nemesis: PlannedNemesis, victims: Victims): void {
  const { what, node, other, lastsMs } = nemesis;
  const { cluster } = victims;
  const life = victims.life(node);
  const later = (run: () => void): void => void cluster.time.at(cluster.time.now + lastsMs, run);
  const here = hostOf(node);
  const there = hostOf(other === node ? 0 : other);
  const struck = (): void => {
    victims.count(what);
    victims.trace(
      `nemesis: ${what} n${node}${pairwise.has(what) ? ` and ${other === node ? 'the coordinator' : `host ${other}`}` : ''} for ${lastsMs.toFixed(0)} ms`,
    );
  };
  switch (what) {
    case 'kill':
    case 'power-loss':
      if (life === undefined) return;
      struck();
      die(life, victims, { silently: what === 'power-loss' });
      return later(() => victims.restart(node));
    case 'kill-while-sending':
      if (life === undefined) return;
      struck();
      life.process.dieSending(Math.floor(lastsMs) % 7, () => {
        die(life, victims, { silently: false });
        cluster.time.at(cluster.time.now + lastsMs, () => victims.restart(node));
      });
      return;
    case 'leave':
      if (life === undefined) return;
      struck();
      return leave(life, victims, () => later(() => victims.restart(node)));
    case 'pause':
    case 'suspend':
    case 'pause-coordinator': {
      const process = what === 'pause-coordinator' ? cluster.coordinatorProcess : life?.process;
      if (process === undefined || process.paused) return;
      struck();
      process.pause({ asleep: what === 'suspend' });
      return later(() => process.resume());
    }
    case 'partition':
    case 'one-way':
    case 'isolate': {
      const others = what === 'isolate' ? Array.from({ length: victims.nodes + 1 }, (_, index) => hostOf(index)) : [there];
      struck();
      const pairs = others.filter((host) => host !== here).map((host) => [here, host] as const);
      for (const [a, b] of pairs) {
        cluster.network.block(a, b);
        if (what !== 'one-way') cluster.network.block(b, a);
      }
      return later(() => {
        for (const [a, b] of pairs) {
          cluster.network.unblock(a, b);
          cluster.network.unblock(b, a);
        }
      });
    }
    case 'cut':
    case 'half-open':
      if (cluster.network.cut(here, there, { halfOpen: what === 'half-open' }) > 0) struck();
      return;
    case 'slow':
      struck();
      cluster.network.slow(here, there, lastsMs / 4);
      cluster.network.slow(there, here, lastsMs / 8);
      return later(() => {
        cluster.network.slow(here, there, 0);
        cluster.network.slow(there, here, 0);
      });
    default:
      throw new Error(`no nemesis knows how to ${what satisfies never}`);
  }
}

function die(life: NodeProcess, victims: Victims, how: { readonly silently: boolean }): void {
  victims.died(life);
  victims.cluster.kill(life.process, how);
}

/** The node leaves in good order, and its process ends. */
function leave(life: NodeProcess, victims: Victims, gone: () => void): void {
  const { cluster } = victims;
  life.leaving = true;
  life.process.schedule(cluster.time.now, () => {
    void life.node?.close().then(() => {
      if (!life.process.alive) return;
      victims.trace(`${life.process.name} has left`);
      die(life, victims, { silently: false });
      if (victims.hurry) victims.restart(life.index);
      else gone();
    });
  });
}
