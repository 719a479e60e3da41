/** Something with work to do once, at the end of this turn of the event loop. */
export interface TurnMember {
  endOfTurn(): void;
}

let waiting: TurnMember[] = [];

/**
 * Calls `member.endOfTurn()` in the check phase, right after everything that the present poll phase brings has been handled. A microtask
 * would run after each callback instead, and send one write for each message received. One `setImmediate` serves all links of the process.
 * A member adds itself once for each turn.
 */
export function atEndOfTurn(member: TurnMember): void {
  if (waiting.length === 0) setImmediate(endTurn);
  waiting.push(member);
}

function endTurn(): void {
  const members = waiting;
  waiting = [];
  let done = 0;
  try {
    for (const member of members) {
      done++;
      member.endOfTurn();
    }
  } finally {
    // A handler that throws takes down its own turn, not that of the links after it.
    for (const member of members.slice(done)) atEndOfTurn(member);
  }
}

/**
 * Calls `flush` within this turn, when the present callback of the event loop and the promises that it settled are done. Cheaper than the
 * end of the turn where nothing else is likely to come, as for a lone request or its reply.
 */
export function afterCallback(flush: () => void): void {
  // Ticks come before promises: only one that a promise asks for comes after them.
  queueMicrotask(() => process.nextTick(flush));
}
