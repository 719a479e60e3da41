import type { Incarnation, Member } from '@pagewire/protocol';

export type TransportKind = 'ws' | 'grpc';

/** The transport that a URL names, or nothing. */
export function transportOf(url: string): TransportKind | undefined {
  if (url.startsWith('ws://')) return 'ws';
  return url.startsWith('grpc://') ? 'grpc' : undefined;
}

/**
 * The URL under which `self` dials `peer`. Where both offer both transports the pair's numbers decide, so that a cluster uses both and
 * each pair always the same; otherwise it is the peer's first that `self` offers too, or simply the peer's first.
 */
export function chooseUrl(
  self: { readonly incarnation: Incarnation; readonly transports: readonly TransportKind[] },
  peer: Member,
): string | undefined {
  const shared = peer.urls.filter((url) => self.transports.some((transport) => transport === transportOf(url)));
  const preferred: TransportKind = (self.incarnation + peer.incarnation) % 2 === 0 ? 'ws' : 'grpc';
  return shared.find((url) => transportOf(url) === preferred) ?? shared[0] ?? peer.urls.find((url) => transportOf(url) !== undefined);
}
