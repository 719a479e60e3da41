import type { World } from './world.js';
import type { WorldEvents } from './world-events.js';

/** Somebody who watches a world that another one plays. */
export interface Watch {
  readonly events: WorldEvents;
  /** Before anything happens. */
  attach(world: World, home: { readonly queueTimeoutMs: number }): void;
}
