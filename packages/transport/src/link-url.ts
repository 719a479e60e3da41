import { PagewireError } from '@pagewire/protocol';
import type { TransportName } from './channel.js';

/** Where a link leads. */
export interface LinkAddress {
  readonly transport: TransportName;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

const PATTERN = /^(ws|grpc|memory):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^\s/:?#@[\]]+)):(\d{1,5})\/?$/;

/** @throws PagewireError `bad-argument`, with an example of a good one */
export function parseLinkUrl(url: string): LinkAddress {
  const match = typeof url === 'string' ? PATTERN.exec(url) : null;
  const port = Number(match?.[4]);
  const host = match?.[2] ?? match?.[3];
  const transport = match?.[1];
  if (host === undefined || !isTransport(transport) || !(port >= 1 && port <= 65_535)) {
    throw new PagewireError('bad-argument', `'${url}' is not the url of a peer; write ws://127.0.0.1:7070 or grpc://127.0.0.1:7070`);
  }
  return { transport, host, port };
}

const isTransport = (name: string | undefined): name is TransportName => name === 'ws' || name === 'grpc' || name === 'memory';

/** The url of an address, with the brackets that an IPv6 host needs. */
export function showLinkUrl({ transport, host, port }: LinkAddress): string {
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether only this machine can connect to `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
