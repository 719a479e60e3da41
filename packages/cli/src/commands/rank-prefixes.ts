import type { Colors } from '../terminal.js';

/** Red is for failures. */
const cycle = ['cyan', 'yellow', 'green', 'magenta', 'blue'] as const;

/** What stands before each line that a rank writes: `[0]`, in a colour of its own as far as they go. */
export function rankPrefixes(colors: Colors): (rank: number) => string {
  return (rank) => {
    const color = cycle[rank % cycle.length] ?? 'cyan';
    return colors[color](`[${rank}]`);
  };
}
