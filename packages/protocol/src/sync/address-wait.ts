import { type ErrorCode, unreachable } from '../errors.js';
import type { Right, Version } from '../ids.js';
import type { SyncReply } from '../messages.js';

/** How a wait can end: as `Atomics.waitAsync` ends, or with why it could not go on. */
export type WaitOutcome = 'ok' | 'not-equal' | 'timed-out' | { readonly code: ErrorCode; readonly message: string };

/** Answers that a wait can have. */
export type WaitReply = Extract<SyncReply, { kind: 'waiting' | 'look-again' | 'woken' | 'cancelled' | 'denied' }>;

/** What a wait can be told. */
export type WaitInput =
  /** The check that was asked for is done: whether the value is the expected one, and what the node held of the page at that moment. */
  | { readonly kind: 'looked'; readonly equal: boolean; readonly version: Version; readonly right: Right }
  /** The page is not here: the check goes on as soon as it may be read. */
  | { readonly kind: 'parked' }
  | { readonly kind: 'reply'; readonly reply: WaitReply }
  /** Its time is up. */
  | { readonly kind: 'expired' }
  /** It is not wanted any more, or its check failed. */
  | { readonly kind: 'stop'; readonly why: Exclude<WaitOutcome, string> };

/** What a wait wants done, in this order. */
export type WaitEffect =
  /** Compare the value as soon as the page may be read, and say `looked` in the same turn; say `parked` first if that is not now. */
  | { readonly kind: 'look' }
  /** Register, with a new number. The message is to be queued for sending in the same turn. */
  | { readonly kind: 'register'; readonly version: Version }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'end'; readonly outcome: WaitOutcome };

type State =
  /** Nothing is registered, and a check is under way. */
  | { readonly kind: 'looking' }
  /** Nothing is registered, and the check waits for its page. */
  | { readonly kind: 'parked' }
  /** As `looking`, with no time left: it is done only if it is done at once. */
  | { readonly kind: 'looking-once' }
  /** Registered, and the home has said nothing yet. */
  | { readonly kind: 'registering'; readonly right: Right }
  | { readonly kind: 'queued' }
  /** In the queue, with a check under way. */
  | { readonly kind: 'rechecking' }
  /** The home decides whether it was woken before, or ends as `otherwise`. */
  | { readonly kind: 'cancelling'; readonly otherwise: WaitOutcome }
  | { readonly kind: 'over' };

/**
 * One wait on an address, on the node of the waiter. The home queues it only if the value was seen at the committed version. That says all where
 * the value was seen readonly: whoever stores after that needs a newer version, and a notify that follows from it comes behind.
 * Where it was seen exclusive, this node may have stored since at the same version, so the value is looked at once more when the home has queued it:
 * from then on no notify can be missed. Pure; it begins with a look.
 */
export class AddressWait {
  #state: State = { kind: 'looking' };

  /** The one door. Effects are to be performed in order. */
  step(input: WaitInput): readonly WaitEffect[] {
    switch (input.kind) {
      case 'looked':
        return this.#looked(input);
      case 'reply':
        return this.#replied(input.reply);
      case 'expired':
        return this.#expired();
      case 'parked':
        if (this.#state.kind === 'looking-once') return this.#end('timed-out');
        if (this.#state.kind === 'looking') this.#state = { kind: 'parked' };
        return [];
      case 'stop':
        return this.#isUnregistered ? this.#end(input.why) : this.#cancel(input.why);
      default:
        return unreachable(input);
    }
  }

  /** Nobody but this machine decides how it ends. */
  get #isUnregistered(): boolean {
    const { kind } = this.#state;
    return kind === 'looking' || kind === 'looking-once' || kind === 'parked';
  }

  #expired(): readonly WaitEffect[] {
    // How long the page takes to come is not for a wait to bear.
    if (this.#state.kind === 'parked') return this.#end('timed-out');
    if (!this.#isUnregistered) return this.#cancel('timed-out');
    // As with `Atomics.wait`, a value that is not the expected one comes before the time.
    this.#state = { kind: 'looking-once' };
    return [];
  }

  #looked({ equal, version, right }: Extract<WaitInput, { kind: 'looked' }>): readonly WaitEffect[] {
    const state = this.#state;
    if (this.#isUnregistered) {
      if (!equal) return this.#end('not-equal');
      if (state.kind === 'looking-once') return this.#end('timed-out');
      this.#state = { kind: 'registering', right };
      return [{ kind: 'register', version }];
    }
    // Otherwise it ended while the check was under way.
    if (state.kind !== 'rechecking') return [];
    if (!equal) return this.#cancel('not-equal');
    this.#state = { kind: 'queued' };
    return [];
  }

  #replied(reply: WaitReply): readonly WaitEffect[] {
    switch (reply.kind) {
      case 'woken':
        return this.#end('ok');
      case 'waiting':
        return this.#queued(reply.recheck);
      case 'denied':
        return this.#end({ code: reply.code, message: reply.message });
      case 'look-again':
      case 'cancelled':
        return this.#unqueued();
      default:
        return unreachable(reply);
    }
  }

  #queued(recheck: boolean): readonly WaitEffect[] {
    const state = this.#state;
    if (state.kind !== 'registering' && state.kind !== 'queued') return [];
    const again = recheck || (state.kind === 'registering' && state.right === 'exclusive');
    this.#state = { kind: again ? 'rechecking' : 'queued' };
    return again ? [{ kind: 'look' }] : [];
  }

  /** The home has it in no queue. */
  #unqueued(): readonly WaitEffect[] {
    if (this.#state.kind === 'cancelling') return this.#end(this.#state.otherwise);
    if (this.#state.kind === 'over') return [];
    this.#state = { kind: 'looking' };
    return [{ kind: 'look' }];
  }

  #cancel(otherwise: WaitOutcome): readonly WaitEffect[] {
    if (this.#state.kind === 'cancelling' || this.#state.kind === 'over') return [];
    this.#state = { kind: 'cancelling', otherwise };
    return [{ kind: 'cancel' }];
  }

  #end(outcome: WaitOutcome): readonly WaitEffect[] {
    if (this.#state.kind === 'over') return [];
    this.#state = { kind: 'over' };
    return [{ kind: 'end', outcome }];
  }
}
