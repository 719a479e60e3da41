import type { FrameRef, Message } from './messages.js';

export type Decoded = { readonly ok: true; readonly message: Message } | { readonly ok: false; readonly reason: string };

/** Placeholder until the codec lands. */
export function encodeMessage(_message: Message, _resolve?: (ref: FrameRef) => Uint8Array): Uint8Array[] {
  return [];
}
export function decodeMessage(_bytes: Uint8Array): Decoded {
  return { ok: false, reason: 'not built' };
}
