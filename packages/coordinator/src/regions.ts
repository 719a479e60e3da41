import {
  checkRegionOptions,
  limits,
  PagewireError,
  type RegionId,
  type RegionOptions,
  type RegionRecord,
  regionId,
} from '@pagewire/protocol';

/** Region ids are never reused within the life of a coordinator, and a page id has room for this many. */
export const maxRegionIds = 2 ** 20;

/** An opened region, and whether this call created it. */
export interface Opened {
  readonly record: RegionRecord;
  readonly created: boolean;
}

/** The records of the regions that exist. Pure; every refusal is a `PagewireError`, and then nothing has changed. */
export class Regions {
  readonly #byName = new Map<string, RegionRecord>();
  #nextId: number;

  /** @param firstId a life of the coordinator starts at another number than the last one, so that old ids name nothing in it */
  constructor(firstId = 1) {
    this.#nextId = firstId;
  }

  get size(): number {
    return this.#byName.size;
  }

  /** In the order they were created, which is that of their ids. */
  list(): RegionRecord[] {
    return [...this.#byName.values()];
  }

  /** The next regions after `after`, as many as one message carries. */
  page(after: RegionId = regionId(0)): RegionRecord[] {
    return this.list()
      .filter((record) => record.region > after)
      .slice(0, limits.maxRegionsPerList);
  }

  /** Opens the region, or creates it if it does not exist and `bytes` is given. */
  open(name: string, options: RegionOptions): Opened {
    checkRegionOptions(name, options);
    const record = this.#byName.get(name);
    if (record === undefined) return { record: this.#create(name, options), created: true };
    checkAgreement(record, options);
    return { record, created: false };
  }

  delete(name: string): RegionRecord {
    const record = this.#byName.get(name);
    if (record === undefined) throw new PagewireError('no-such-region', `delete region "${name}": there is none of that name`);
    this.#byName.delete(name);
    return record;
  }

  #create(name: string, { bytes, pageBytes = limits.defaultPageBytes }: RegionOptions): RegionRecord {
    if (bytes === undefined) {
      throw new PagewireError('no-such-region', `open region "${name}": it does not exist; give its size in bytes to create it`);
    }
    const pageCount = Math.ceil(bytes / pageBytes);
    if (pageCount > limits.maxPagesPerRegion) {
      throw new PagewireError(
        'bad-argument',
        `region "${name}" of ${bytes} bytes would have ${pageCount} pages of ${pageBytes} bytes, more than ${limits.maxPagesPerRegion}: use larger pages`,
      );
    }
    if (this.#byName.size >= limits.maxRegions) {
      throw new PagewireError('overloaded', `create region "${name}": there are ${limits.maxRegions} regions already; delete one first`);
    }
    if (this.#nextId >= maxRegionIds) {
      throw new PagewireError(
        'overloaded',
        `create region "${name}": ${maxRegionIds - 1} regions have been created since the coordinator started; restart the cluster`,
      );
    }
    const record: RegionRecord = { region: regionId(this.#nextId++), name, bytes: pageCount * pageBytes, pageBytes };
    this.#byName.set(name, record);
    return record;
  }
}

/** How many pages a region has. */
export const pageCountOf = (record: RegionRecord): number => record.bytes / record.pageBytes;

function checkAgreement(record: RegionRecord, options: RegionOptions): void {
  const pageBytes = options.pageBytes ?? record.pageBytes;
  const bytes = options.bytes === undefined ? record.bytes : Math.ceil(options.bytes / pageBytes) * pageBytes;
  if (bytes !== record.bytes || pageBytes !== record.pageBytes) {
    throw new PagewireError(
      'region-mismatch',
      `open region "${record.name}" with ${bytes} bytes in pages of ${pageBytes}: it has ${record.bytes} bytes in pages of ` +
        `${record.pageBytes}; open it without sizes, or choose another name`,
    );
  }
}
