import type { Directory } from '@pagewire/coordinator/parts';
import type { HomeEffect, HomeInput, Incarnation, Millis, PageId } from '@pagewire/protocol';

/** The home machine, as the watcher needs it. */
export interface WatchableHome extends Directory {
  holdersOf(page: PageId): readonly Incarnation[];
}

/** Hears of every step of a directory. */
export type DirectoryWatcher = (input: HomeInput, effects: readonly HomeEffect[]) => void;

/** A directory whose every step is seen. */
export function watchedDirectory(home: WatchableHome, watcher: DirectoryWatcher): Directory {
  return {
    step(now: Millis, input: HomeInput): HomeEffect[] {
      const effects = home.step(now, input);
      watcher(input, effects);
      return effects;
    },
    status: () => home.status(),
    trimmable: () => home.trimmable(),
    standingOf: (page) => home.standingOf(page),
  };
}
