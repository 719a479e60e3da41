import type { Failure } from '../layer.js';

/** A node process as the ghosts know it: one life of one process. */
export interface Holder {
  readonly name: string;
  /** The incarnation under which it acts now. */
  readonly incarnation: number;
  /** The home has declared that incarnation lost, or the process is dead: its rights count no more. */
  readonly gone: boolean;
}

interface Ghost {
  /** What the last write left. */
  content: Uint8Array;
  /** What was there before the last exclusive holder: it comes back when that holder is lost before its grant was committed. */
  before: Uint8Array | undefined;
  /** Whoever wrote last, or may be writing. */
  writer: Holder | undefined;
  writerIncarnation: number;
  writing: boolean;
  readonly holders: Map<Holder, 'readonly' | 'exclusive'>;
  /** The home has said that it is lost. */
  lost: boolean;
}

/**
 * What every page must hold, and who may use it, by what was seen of all memories: I1 and I2 at every change of a right and at every access.
 * It sees all processes at one instant, which is what a simulation is for.
 */
export class PageGhosts {
  readonly #ghosts: Ghost[];
  readonly #broken: (failure: Failure) => void;

  constructor(pages: number, pageBytes: number, broken: (failure: Failure) => void) {
    this.#broken = broken;
    this.#ghosts = Array.from({ length: pages }, () => ({
      content: new Uint8Array(pageBytes),
      before: undefined,
      writer: undefined,
      writerIncarnation: 0,
      writing: false,
      holders: new Map(),
      lost: false,
    }));
  }

  /** A node gains a right; `bytes` is what its accesses will find. */
  permitted(holder: Holder, page: number, right: 'readonly' | 'exclusive', bytes: Uint8Array): void {
    const ghost = this.#ghost(page);
    for (const [other, held] of ghost.holders) {
      if (other === holder || other.gone || (right === 'readonly' && held === 'readonly')) continue;
      this.#break('I1', `${holder.name} gains page ${page} ${right} while ${other.name} holds it ${held}`);
    }
    // Said once more to accesses that came later: what was stored meanwhile is the holder's own.
    if (ghost.holders.get(holder) === 'exclusive' && ghost.writing) return;
    this.#compare(ghost, holder, page, bytes);
    ghost.holders.set(holder, right);
    if (right !== 'exclusive') return;
    ghost.before = ghost.content;
    ghost.writer = holder;
    ghost.writerIncarnation = holder.incarnation;
    ghost.writing = true;
  }

  /** A node gives up storing (`keeps` readonly) or everything; `bytes` is what it leaves. */
  ended(holder: Holder, page: number, keeps: 'readonly' | 'nothing', bytes: Uint8Array): void {
    const ghost = this.#ghost(page);
    if (keeps === 'nothing') ghost.holders.delete(holder);
    else ghost.holders.set(holder, 'readonly');
    if (!ghost.writing || ghost.writer !== holder || ghost.writerIncarnation !== holder.incarnation) return;
    ghost.writing = false;
    if (!holder.gone) ghost.content = bytes.slice();
  }

  /** A node has lost every right at once: what it wrote and gave to nobody is gone. */
  fenced(holder: Holder): void {
    for (const ghost of this.#ghosts) {
      ghost.holders.delete(holder);
      if (ghost.writer === holder) ghost.writing = false;
    }
  }

  /** A program looks at a page, or stores to it. */
  used(holder: Holder, page: number, bytes: Uint8Array): void {
    const ghost = this.#ghost(page);
    const held = ghost.holders.get(holder);
    if (held === undefined) return this.#break('I1', `${holder.name} uses page ${page} without a right`);
    if (holder.gone) return this.#break('I5', `${holder.name} uses page ${page} after it was declared lost`);
    if (held === 'readonly') this.#compare(ghost, holder, page, bytes);
  }

  /** The home declares a page lost: nobody that lives may hold it. */
  declaredLost(page: number): void {
    const ghost = this.#ghost(page);
    ghost.lost = true;
    for (const [holder] of ghost.holders) {
      if (!holder.gone) this.#break('I8', `page ${page} is declared lost while ${holder.name} holds it`);
    }
  }

  isLost(page: number): boolean {
    return this.#ghost(page).lost;
  }

  #compare(ghost: Ghost, holder: Holder, page: number, bytes: Uint8Array): void {
    if (ghost.lost) return this.#break('I2', `${holder.name} reads page ${page}, which was declared lost`);
    if (equal(bytes, ghost.content)) {
      // Once somebody else has seen it, it cannot be undone (rule 7).
      if (holder !== ghost.writer) ghost.before = undefined;
      return;
    }
    // A grant that was never committed is undone with its holder.
    if (ghost.before !== undefined && ghost.writer !== undefined && this.#isUndone(ghost) && equal(bytes, ghost.before)) {
      ghost.content = ghost.before;
      ghost.before = undefined;
      return;
    }
    this.#break('I2', `${holder.name} finds ${show(bytes)} in page ${page}; the last write left ${show(ghost.content)}`);
  }

  #isUndone({ writer, writerIncarnation }: Ghost): boolean {
    return writer === undefined || writer.gone || writer.incarnation !== writerIncarnation;
  }

  #break(kind: string, what: string): void {
    this.#broken({ kind, what: `${what} (${kind})` });
  }

  #ghost(page: number): Ghost {
    const ghost = this.#ghosts[page];
    if (ghost === undefined) throw new Error(`no page ${page} in this run`);
    return ghost;
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
/** The cells of a page. */
const show = (bytes: Uint8Array): string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [0, 16, 32, 48].map((at) => view.getInt32(at, true)).join(' ');
};
