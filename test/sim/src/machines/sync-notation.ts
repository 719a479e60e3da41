import { pageIndex, type SyncEffect, type SyncReply, type SyncRequest } from '@pagewire/protocol';

// The terse notation of synchronization in scenarios: `#n` is the number of a request of its node.

const given = <T>(value: T | undefined, show: (value: T) => string): string => (value === undefined ? '' : ` ${show(value)}`);

export function showSync(message: SyncRequest | SyncReply): string {
  const head = `${message.kind} #${message.id}`;
  switch (message.kind) {
    case 'lock':
      return `${head} ${message.name}`;
    case 'take-permits':
      return `${head} ${message.name} ${message.count} of ${message.permits}`;
    case 'arrive':
      return `${head} ${message.name} parties=${message.parties}`;
    case 'wait':
      return `${head} ${pageIndex(message.page)} v${message.version}`;
    case 'notify':
      return `${head} ${pageIndex(message.page)}${given(message.count, (count) => `count=${count}`)}`;
    case 'obtained':
      return `${head} token=${message.token}${message.abandoned ? ' abandoned' : ''}`;
    case 'passed':
      return `${head} generation=${message.generation}`;
    case 'waiting':
      return `${head}${message.recheck ? ' recheck' : ''}`;
    case 'notified':
      return `${head} woken=${message.woken}`;
    case 'denied':
      return `${head} ${message.code}`;
    case 'give-back':
    case 'given-back':
    case 'cancel':
    case 'look-again':
    case 'woken':
    case 'cancelled':
      return head;
  }
}

/** An effect of the table other than a message. */
export function showTableEffect(effect: SyncEffect): string | undefined {
  switch (effect.kind) {
    case 'send':
      return undefined;
    case 'abandoned':
      return `table: ${effect.object} ${effect.name} abandoned by ${effect.by}`;
    case 'broken':
      return `table: barrier ${effect.name} broken by ${effect.by}, ${effect.waiting} told`;
    case 'forgotten':
      return `table: ${effect.object} ${effect.name} forgotten`;
    case 'ignored':
      return `table: ignored ${effect.what} (${effect.why})`;
    case 'violation':
      return `table: violation by ${effect.from} (${effect.what})`;
  }
}
