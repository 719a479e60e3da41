/** One thing that happened, for people and programs that watch the coordinator. `event` is a short kebab-case name. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly [field: string]: string | number | undefined;
}

/** Takes log lines; must not throw. */
export type Log = (line: LogLine) => void;

/** The library says nothing unless it is given somewhere to say it. */
export const silent: Log = () => {};
