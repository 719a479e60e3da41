import { open } from 'node:fs/promises';
import { HistoryRecorder, type WitnessedRegion } from '@pagewire/history';
import { writeHistory } from '@pagewire/history/file';
import { PagewireError, type RegionAccess } from '@pagewire/protocol';
import type { WorkloadName } from './options.js';

/** Workloads whose operations each touch one cell or record, which is what a history can hold. */
export const recordable: ReadonlySet<WorkloadName> = new Set<WorkloadName>(['a', 'b', 'c', 'd', 'f', 'counter']);

/** What a report says of the history that was recorded. */
export interface HistoryReport {
  readonly file: string;
  readonly operations: number;
  /** False when the history ends before the run does, because it would have been too long. */
  readonly complete: boolean;
}

const isWitnessed = (region: RegionAccess): region is RegionAccess & WitnessedRegion => 'witnessed' in region;

const cannotBeWritten = (file: string, cause: unknown): PagewireError => {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PagewireError('bad-argument', `the history cannot be written to ${file}: ${why}`, { cause });
};

/** Records what the lanes of a run do, for `@pagewire/history` to check. The load phase and the final check are not part of it. */
export class Recording {
  readonly #file: string;
  readonly #recorder = new HistoryRecorder();

  private constructor(file: string) {
    this.#file = file;
  }

  /** Creates the file, so that what is in its way is said before the run. Throws `bad-argument`. */
  static async start(file: string): Promise<Recording> {
    try {
      await (await open(file, 'w')).close();
    } catch (error) {
      throw cannotBeWritten(file, error);
    }
    return new Recording(file);
  }

  /** The region as one lane uses it. What is there at first somebody else has written. */
  lane(name: string, region: RegionAccess): RegionAccess {
    if (!isWitnessed(region)) {
      throw new PagewireError(
        'bad-argument',
        `the clients of this load tell nothing of when operations are performed: leave the history out`,
      );
    }
    return this.#recorder.process(name).over(region, { initial: 'unknown' });
  }

  async end(): Promise<HistoryReport> {
    const history = this.#recorder.history();
    const report = { file: this.#file, operations: this.#recorder.length, complete: !this.#recorder.isFull };
    try {
      await writeHistory(this.#file, history);
    } catch (error) {
      throw cannotBeWritten(this.#file, error);
    }
    return report;
  }
}
