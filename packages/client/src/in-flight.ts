import type { RequestMessage } from '@pagewire/protocol';
import { travellingBytes } from './operation.js';

/**
 * Requests sent over the link that is up and not answered, within a limit on their number and on the bytes that they and their answers
 * carry. The limits are those that a node grants to one client, with room to spare.
 */
export class InFlight {
  readonly #maxRequests: number;
  readonly #maxBytes: number;
  /** Requests whose operation has run out of time, with their bytes. The node still works on them, so each keeps its place. */
  readonly #abandoned = new Map<number, number>();
  #requests = 0;
  #bytes = 0;

  constructor(limits: { readonly maxRequests: number; readonly maxBytes: number }) {
    this.#maxRequests = limits.maxRequests;
    this.#maxBytes = limits.maxBytes;
  }

  /** Requests whose answer somebody waits for. */
  get awaited(): number {
    return this.#requests - this.#abandoned.size;
  }

  hasRoomFor(request: RequestMessage): boolean {
    return this.#requests < this.#maxRequests && this.#bytes + travellingBytes(request) <= this.#maxBytes;
  }

  add(request: RequestMessage): void {
    this.#requests++;
    this.#bytes += travellingBytes(request);
  }

  answered(request: RequestMessage): void {
    this.#requests--;
    this.#bytes -= travellingBytes(request);
  }

  abandon(request: RequestMessage): void {
    this.#abandoned.set(request.id, travellingBytes(request));
  }

  /** An answer that nobody waits for; false when it belongs to no request. */
  answeredLate(id: number): boolean {
    const bytes = this.#abandoned.get(id);
    if (bytes === undefined) return false;
    this.#abandoned.delete(id);
    this.#requests--;
    this.#bytes -= bytes;
    return true;
  }

  clear(): void {
    this.#abandoned.clear();
    this.#requests = 0;
    this.#bytes = 0;
  }
}
