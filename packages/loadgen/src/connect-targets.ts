import { connect } from '@pagewire/client';
import { PagewireError } from '@pagewire/protocol';
import type { OpenClient } from './load-client.js';

/** Spreads clients over the targets in turn, each with a connection of its own. */
export function connectTargets(targets: readonly string[]): OpenClient {
  return async (clientIndex) => {
    const target = targets[clientIndex % targets.length];
    if (target === undefined) throw new PagewireError('bad-argument', 'a load needs at least one target to connect to');
    return connect(target);
  };
}
