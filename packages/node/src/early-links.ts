import { limits } from '@pagewire/protocol';
import type { Acceptance, Attributes, Link, LinkHandlers } from '@pagewire/transport';

interface Early {
  readonly attributes: Attributes;
  readonly link: Link;
  /** Who is told of it, once that is decided. */
  handlers: LinkHandlers | undefined;
}

/**
 * Links from peers that have heard that this node is a member before it has heard so itself: the coordinator's answer may take longer than its word
 * to a peer and the peer's dialing. To refuse such a link would have the two suspect each other, and one of them expelled.
 */
export class EarlyLinks {
  #waiting: Early[] = [];

  /** Keeps a link waiting, without reading from it; `undefined` when there are too many, or it cannot be a peer's. */
  hold(attributes: Attributes, link: Link): Acceptance | undefined {
    const { cluster, to } = attributes;
    if (this.#waiting.length >= limits.maxNodes || cluster === undefined || to === undefined) return undefined;
    const early: Early = { attributes, link, handlers: undefined };
    this.#waiting.push(early);
    link.pause();
    const handlers: LinkHandlers = {
      envelope: (bytes) => early.handlers?.envelope(bytes),
      closed: (end) => {
        this.#waiting = this.#waiting.filter((other) => other !== early);
        early.handlers?.closed(end);
      },
    };
    // It says what it is dialed for; whether that is so is decided when the node knows.
    return { handlers, attributes: { role: 'peer', cluster, from: to } };
  }

  /** The node has become a member: each link is decided on as if it came now. */
  decide(accept: (attributes: Attributes, link: Link) => Acceptance): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const early of waiting) {
      const answer = accept(early.attributes, early.link);
      if ('refuse' in answer) early.link.destroy(answer.refuse);
      else early.handlers = answer.handlers;
    }
  }

  /** The node has not become a member. */
  drop(reason: string): void {
    this.decide(() => ({ refuse: { code: 'fenced', reason } }));
  }
}
