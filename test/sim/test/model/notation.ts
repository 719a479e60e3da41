import type { CoherenceMessage } from '@pagewire/protocol';

/** Takes a transition, in the form of model/transitions.txt: `machine | state | input | next state | effects`. */
export type Note = (transition: string) => void;

const BETWEEN_EFFECTS = ' + ';

/** Several effects as one text: each once, in the order of the alphabet. */
export function together(effects: readonly string[]): string {
  const each = new Set(effects.flatMap((effect) => effect.split(BETWEEN_EFFECTS)));
  return each.size === 0 ? 'nothing' : [...each].sort().join(BETWEEN_EFFECTS);
}

export function soleItem<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new Error(`a message with ${items.length} items where the model has one`);
  return item;
}

/** A message may carry several items for one page, which is the same as so many messages: the model knows no other. */
export function itemByItem<Input extends { readonly kind: string }>(input: Input): Input[] {
  // Only inputs of this kind have a message; the compiler cannot tell which member of a generic union it is.
  const message = input.kind === 'message' ? (input as unknown as { readonly message: CoherenceMessage }).message : undefined;
  if (message === undefined || !('items' in message) || message.items.length < 2) return [input];
  return message.items.map((item) => ({ ...input, message: { ...message, items: [item] } }));
}
