import type {
  AgentEffect,
  AgentInput,
  CoherenceMessage,
  HOME,
  HomeEffect,
  HomeInput,
  Incarnation,
  RegionDeleted,
  SyncEffect,
  SyncInput,
  SyncReply,
  SyncRequest,
} from '@pagewire/protocol';
import type { WorldNode } from './world-node.js';

export type Place = Incarnation | typeof HOME;
export interface Flight {
  readonly from: Place;
  readonly to: Place;
  readonly message: CoherenceMessage | RegionDeleted | SyncRequest | SyncReply;
}

/** What a world tells whoever watches it. */
export interface WorldEvents {
  /** Before a machine takes an input, and after all effects of it are performed. */
  readonly beforeAgent?: ((node: WorldNode, input: AgentInput) => void) | undefined;
  readonly afterAgent?: ((node: WorldNode, input: AgentInput) => void) | undefined;
  readonly beforeHome?: ((input: HomeInput) => void) | undefined;
  readonly afterHome?: ((input: HomeInput) => void) | undefined;
  readonly beforeTable?: ((input: SyncInput) => void) | undefined;
  readonly agentEffect?: ((node: WorldNode, effect: AgentEffect) => void) | undefined;
  readonly homeEffect?: ((effect: HomeEffect) => void) | undefined;
  readonly tableEffect?: ((effect: SyncEffect) => void) | undefined;
  /** The table has answered a request of `node`. */
  readonly replied?: ((node: WorldNode, reply: SyncReply) => void) | undefined;
  readonly sent?: ((flight: Flight) => void) | undefined;
  /** The node had performed all the effects that were left to it, and is dead. */
  readonly diedInStep?: ((node: WorldNode) => void) | undefined;
}

/** Events that tell each of `watchers`, in this order. */
export function tellingAll(watchers: readonly WorldEvents[]): WorldEvents {
  const all = <A extends readonly unknown[]>(hooks: readonly (((...args: A) => void) | undefined)[]) => {
    const present = hooks.filter((hook) => hook !== undefined);
    const [only] = present;
    if (present.length <= 1) return only;
    return (...args: A): void => {
      for (const hook of present) hook(...args);
    };
  };
  return {
    beforeAgent: all(watchers.map(({ beforeAgent }) => beforeAgent)),
    afterAgent: all(watchers.map(({ afterAgent }) => afterAgent)),
    beforeHome: all(watchers.map(({ beforeHome }) => beforeHome)),
    afterHome: all(watchers.map(({ afterHome }) => afterHome)),
    beforeTable: all(watchers.map(({ beforeTable }) => beforeTable)),
    agentEffect: all(watchers.map(({ agentEffect }) => agentEffect)),
    homeEffect: all(watchers.map(({ homeEffect }) => homeEffect)),
    tableEffect: all(watchers.map(({ tableEffect }) => tableEffect)),
    replied: all(watchers.map(({ replied }) => replied)),
    sent: all(watchers.map(({ sent }) => sent)),
    diedInStep: all(watchers.map(({ diedInStep }) => diedInStep)),
  };
}
