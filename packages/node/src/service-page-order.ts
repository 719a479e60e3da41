import { invariant, type PageId, type Right } from '@pagewire/protocol';

/** The pages `[first, last]` that an operation touches, and the right it needs to them. */
export interface PageSpan {
  readonly first: PageId;
  readonly last: PageId;
  readonly right: Right;
}

/** An operation's place in the order. Only {@link PageOrder} looks inside. */
export interface Turn {
  readonly span: PageSpan;
  readonly start: (turn: Turn) => void;
  /** Pages on which an earlier operation still stands before this one. */
  blockedOn: number;
}

/** `several`: an operation on more than one page; it shares none of them. */
type Company = Right | 'several';

interface Lane {
  company: Company;
  running: number;
  waiting: Turn[];
}

const companyOf = (span: PageSpan): Company => (span.first === span.last ? span.right : 'several');

/**
 * Keeps the operations of one client that touch the same page in the order in which they arrived, although many are under way: a read
 * that would hit must not overtake an earlier write that waits for its page. Operations on different pages do not wait for each other.
 *
 * On each page run either one operation on several pages, or any number of operations on this page alone that need the same right: those
 * meet the same fate in the pager, which serves accesses waiting for one page in order of arrival. All others wait in the page's lane.
 * A turn only ever waits for older turns, so there is no deadlock.
 */
export class PageOrder {
  readonly #lanes = new Map<PageId, Lane>();

  /** Takes a place for an operation. `start` is called when it may run: before `enter` returns if nothing stands in the way. */
  enter(span: PageSpan, start: (turn: Turn) => void): Turn {
    const turn: Turn = { span, start, blockedOn: 0 };
    for (const page of pagesOf(span)) {
      if (!this.#join(page, turn)) turn.blockedOn++;
    }
    if (turn.blockedOn === 0) start(turn);
    return turn;
  }

  /** The operation has taken effect, or never will; later ones on its pages may run. Called once for each turn that was started. */
  leave(turn: Turn): void {
    invariant(turn.blockedOn === 0, 'an operation left the page order before its turn');
    this.#remove(turn);
  }

  /** The operation will not wait for its turn any longer: it is never started, and later ones on its pages need not wait for it. */
  withdraw(turn: Turn): void {
    invariant(turn.blockedOn > 0, 'an operation withdrew from the page order after its turn had come');
    this.#remove(turn);
  }

  /** Forgets every operation; none of those that wait is started. */
  clear(): void {
    this.#lanes.clear();
  }

  /** Pages with an operation under way. */
  get size(): number {
    return this.#lanes.size;
  }

  /** True when `turn` runs on the page from now on, false when it waits in its lane. */
  #join(page: PageId, turn: Turn): boolean {
    const company = companyOf(turn.span);
    const lane = this.#lanes.get(page);
    if (lane === undefined) {
      this.#lanes.set(page, { company, running: 1, waiting: [] });
      return true;
    }
    if (lane.waiting.length === 0 && lane.company === company && company !== 'several') {
      lane.running++;
      return true;
    }
    lane.waiting.push(turn);
    return false;
  }

  #remove(turn: Turn): void {
    const started: Turn[] = [];
    for (const page of pagesOf(turn.span)) {
      const lane = this.#lanes.get(page);
      // After `clear` operations that were under way still leave.
      if (lane === undefined) continue;
      const place = turn.blockedOn > 0 ? lane.waiting.indexOf(turn) : -1;
      if (place === -1) lane.running--;
      else lane.waiting.splice(place, 1);
      this.#advance(page, lane, started);
    }
    // Only now: a start may end at once and leave, which must find every lane in order.
    for (const next of started) next.start(next);
  }

  /** Lets those at the head of the lane run that may run beside those that do. */
  #advance(page: PageId, lane: Lane, started: Turn[]): void {
    let count = 0;
    for (const { span } of lane.waiting) {
      const company = companyOf(span);
      if (lane.running > 0 && (company === 'several' || company !== lane.company)) break;
      lane.company = company;
      lane.running++;
      count++;
    }
    for (const turn of lane.waiting.splice(0, count)) {
      turn.blockedOn--;
      if (turn.blockedOn === 0) started.push(turn);
    }
    if (lane.running === 0) this.#lanes.delete(page);
  }
}

function* pagesOf(span: PageSpan): Generator<PageId> {
  // Pages of one region have consecutive ids, so every number from `first` to `last` is one.
  for (let page: number = span.first; page <= span.last; page++) yield page as PageId;
}
