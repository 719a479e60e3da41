import { limits } from './limits.js';
import type { Content, PageItems, PageMessage, PageMessageKind } from './messages.js';

interface OpenMessage {
  readonly kind: PageMessageKind;
  readonly items: PageItems[PageMessageKind][];
  contentBytes: number;
}

/**
 * Gathers what one step says to each peer, so that items of one kind in a row travel as one message. The order of items to one peer is
 * kept: links are first-in first-out, and a report proves by it that earlier commands were carried out.
 */
export class Outbox<Peer> {
  readonly #messages = new Map<Peer, OpenMessage[]>();

  /** Adds one item; `contentBytes` is what its content will weigh on the wire. */
  add<K extends PageMessageKind>(to: Peer, kind: K, item: PageItems[K], contentBytes = 0): void {
    let messages = this.#messages.get(to);
    if (messages === undefined) {
      messages = [];
      this.#messages.set(to, messages);
    }
    const last = messages.at(-1);
    const fits =
      last !== undefined &&
      last.kind === kind &&
      last.items.length < limits.maxItemsPerMessage &&
      last.contentBytes + contentBytes <= limits.maxContentBytesPerMessage;
    if (fits) {
      last.items.push(item);
      last.contentBytes += contentBytes;
    } else {
      messages.push({ kind, items: [item], contentBytes });
    }
  }

  /** Hands over everything gathered, peer by peer. */
  drain(emit: (to: Peer, message: PageMessage) => void): void {
    for (const [to, messages] of this.#messages) {
      // `add` ties each item's type to its kind; the map forgets which, so the union is restored here.
      for (const { kind, items } of messages) emit(to, { kind, items } as PageMessage);
    }
    this.#messages.clear();
  }
}

/** What `content` weighs on the wire, for a region of pages of `pageBytes`. */
export const contentWeight = (content: Content | undefined, pageBytes: number): number =>
  content === undefined || content === 'zero' ? 0 : pageBytes;
