import { PagewireError } from '@pagewire/protocol';
import { describe, type Operation, repeatable } from './operation.js';

/** What an operation that was sent ends with when its answer will not come: it is not known whether it happened. */
export function unanswered(operation: Operation, error: PagewireError): PagewireError {
  if (!operation.sent || repeatable(operation.request)) return error;
  const what = describe(operation.request, operation.binding);
  return new PagewireError('outcome-unknown', `${what} may or may not have happened: ${error.message}; look before doing it again`, {
    cause: error,
  });
}

/** What an operation ends with when its deadline passes. */
export function expired(
  operation: Operation,
  at: { readonly url: string; readonly timeoutMs: number; readonly isOpen: boolean; readonly trouble: string },
): PagewireError {
  const what = describe(operation.request, operation.binding);
  if (operation.sent) {
    return unanswered(operation, new PagewireError('timeout', `${what}: ${at.url} did not answer within ${at.timeoutMs} ms`));
  }
  if (!at.isOpen) {
    const message = `${what} was not started: no connection to ${at.url} within ${at.timeoutMs} ms (${at.trouble}); check that the node runs`;
    return new PagewireError('unreachable', message);
  }
  const others = operation.binding?.parked.has(operation) === true ? 'the node to find the region again' : 'others to be answered';
  return new PagewireError('timeout', `${what} was not started: it waited ${at.timeoutMs} ms for ${others}; ask for less at a time`);
}
