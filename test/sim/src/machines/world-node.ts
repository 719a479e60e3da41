import {
  Agent,
  type AgentEffect,
  type Content,
  type Incarnation,
  millis,
  type PageId,
  type PageMessage,
  pageId,
  type RegionId,
  type Right,
  regionId,
} from '@pagewire/protocol';

/** Pages of the world are tiny: one number is all that a checker needs to see. */
export const WORLD_PAGE_BYTES = 8;
/** The region that every world has from the start. */
export const REGION = regionId(1);
export const worldPage = (index: number, region: RegionId = REGION): PageId => pageId(region, index);

/** What a frame holds before it is filled and after it was forgotten: no store makes it, so that a use of it is seen. */
export const FORGOTTEN = -1;

export interface Frame {
  value: number;
  right: Right | 'none';
  readonly snapshots: Map<number, number>;
}

/** One life of a node: the real agent, and the simplest memory that can perform its effects. */
export class WorldNode {
  readonly agent = new Agent();
  readonly frames = new Map<PageId, Frame>();
  /** Regions that this node has opened, and has not heard to be deleted. */
  readonly regions = new Set<RegionId>();
  /** Lives that this node has heard to be lost. */
  readonly heardLost = new Set<Incarnation>();
  alive = true;
  /** The node dies when it has performed so many effects more, be it between two effects of one step. */
  effectsLeft = Number.POSITIVE_INFINITY;

  constructor(readonly id: Incarnation) {
    this.regions.add(REGION);
    this.agent.step(millis(0), { kind: 'region-opened', region: REGION, pageBytes: WORLD_PAGE_BYTES });
  }

  frame(page: PageId): Frame {
    let frame = this.frames.get(page);
    if (frame === undefined) {
      frame = { value: FORGOTTEN, right: 'none', snapshots: new Map() };
      this.frames.set(page, frame);
    }
    return frame;
  }

  /** Does to memory what an effect says. */
  remember(effect: AgentEffect): void {
    switch (effect.kind) {
      case 'stage':
        this.frame(effect.page).value = decode(effect.content);
        return;
      case 'permit':
        this.frame(effect.page).right = effect.right;
        return;
      case 'protect':
        this.frame(effect.page).right = 'readonly';
        return;
      case 'revoke':
        this.frame(effect.page).right = 'none';
        return;
      case 'snapshot': {
        const frame = this.frame(effect.page);
        frame.snapshots.set(effect.snapshot, frame.value);
        return;
      }
      case 'forget':
        this.frame(effect.page).value = FORGOTTEN;
        return;
      default:
        return;
    }
  }

  /** Puts the bytes of frames into a message, as a driver does when it encodes one. */
  encode(message: PageMessage): PageMessage {
    const items = message.items.map((item) => {
      if (!('content' in item) || typeof item.content !== 'object' || !('frame' in item.content)) return item;
      return { ...item, content: encode(this.#bytes(item.content.frame, item.content.snapshot)) };
    });
    // Only the content of each item was replaced, by content.
    return { kind: message.kind, items } as PageMessage;
  }

  #bytes(page: PageId, snapshot: number | undefined): number {
    const frame = this.frame(page);
    if (snapshot === undefined) return frame.value;
    const value = frame.snapshots.get(snapshot);
    if (value === undefined) throw new Error(`snapshot ${snapshot} was never taken`);
    frame.snapshots.delete(snapshot);
    return value;
  }
}

function encode(value: number): Content {
  if (value === 0) return 'zero';
  const bytes = new Uint8Array(WORLD_PAGE_BYTES);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** The number that a page's bytes stand for. */
export const decode = (content: Content): number =>
  content instanceof Uint8Array ? new DataView(content.buffer, content.byteOffset).getInt32(0, true) : 0;
