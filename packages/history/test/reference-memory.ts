import { Cell, codeOf, valueOfBits } from '../src/cell.js';
import { type History, historyOf, type Location, type Operation, type OperationKind } from '../src/index.js';

/** A source of choices: mulberry32, so that a seed tells a whole history. */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** An integer from 0 to `count` - 1. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % count;
  }

  chance(share: number): boolean {
    return this.below(1_000_000) < share * 1_000_000;
  }
}

export interface ReferenceOptions {
  readonly seed: number;
  readonly processes: number;
  readonly operations: number;
  readonly nodes: number;
  /** Locations of 4 bytes, `perPage` on each page. */
  readonly locations: number;
  readonly perPage: number;
  /** Writes draw their values from so many; 0: every value is another one. */
  readonly values?: number;
  readonly kinds?: readonly OperationKind[];
  /** One clock for all processes, or one for each, so that only the order within each process can be told. Default: one. */
  readonly clocks?: 'one' | 'each';
}

interface Page {
  version: number;
  owner: number;
}

/**
 * A correct history: random programs of several processes, interleaved at random over one memory, whose pages have the versions that nodes with
 * exclusive and readonly copies would give them. Each operation takes effect at one moment between its invocation and its end.
 */
export function referenceHistory(options: ReferenceOptions): History {
  const { processes, locations, perPage, nodes } = options;
  const choices = new Choices(options.seed);
  const kinds = options.kinds ?? ['read', 'write', 'add', 'exchange', 'compareExchange'];
  const pages: Page[] = Array.from({ length: Math.ceil(locations / perPage) }, () => ({ version: 0, owner: -1 }));
  const cells = Array.from({ length: locations }, () => new Cell());
  const serials = new Array<number>(nodes).fill(0);
  const free = new Array<number>(processes).fill(0);
  const operations: Operation[] = [];
  let written = 0;
  for (let now = 10; operations.length < options.operations; now += 1 + choices.below(5)) {
    const process = choices.below(processes);
    const since = free[process] ?? 0;
    if (since > now) continue;
    const location = choices.below(locations);
    const kind = kinds[choices.below(kinds.length)] ?? 'read';
    const cell = cells[location] ?? new Cell();
    const page = pages[Math.floor(location / perPage)] ?? { version: 0, owner: -1 };
    const node = process % nodes;
    if (kind === 'read') {
      // A copy for somebody else: the owner keeps its own, readonly.
      if (page.owner !== node) page.owner = -1;
    } else if (page.owner !== node) {
      page.version += 1;
      page.owner = node;
    }
    const serial = (serials[node] ?? 0) + 1;
    serials[node] = serial;
    const before = valueOfBits(cell.low, cell.high, 4);
    written += 1;
    const argument = kind === 'compareExchange' && choices.chance(0.7) ? before : options.values ? choices.below(options.values) : written;
    const replacement = options.values ? choices.below(options.values) : written + 1_000_000;
    cell.apply(codeOf(kind), { low: Number(argument), high: 0 }, { low: replacement, high: 0 }, 4);
    const invoked = Math.max(since, now - choices.below(12));
    const completed = now + choices.below(12);
    free[process] = completed + 1;
    operations.push({
      process,
      kind,
      location,
      ...(kind !== 'read' && { argument }),
      ...(kind === 'compareExchange' && { replacement }),
      ...(kind !== 'write' && { result: before }),
      invoked,
      completed,
      outcome: 'ok',
      witness: { incarnation: node + 1, version: page.version, serial },
    });
  }
  return history(operations, options);
}

/** The history of operations on the locations of a reference memory, in the order of their invocation. */
export function history(
  operations: readonly Operation[],
  shape: Pick<ReferenceOptions, 'processes' | 'locations' | 'perPage' | 'clocks'>,
): History {
  const locations = Array.from({ length: shape.locations }, (_, index): Location => {
    const page = Math.floor(index / shape.perPage);
    return { region: 'r', offset: page * 4096 + (index % shape.perPage) * 4, bytes: 4, page, initial: 0 };
  });
  return historyOf({
    processes: Array.from({ length: shape.processes }, (_, index) => ({ name: `p${index}`, clock: shape.clocks === 'each' ? index : 0 })),
    locations,
    operations: [...operations].sort((a, b) => a.invoked - b.invoked),
  });
}
