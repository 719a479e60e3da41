import { isIPv4, isIPv6 } from 'node:net';
import { PagewireError } from '@pagewire/protocol';
import type { TransportName } from './channel.js';

/** Where a link leads. */
export interface LinkAddress {
  readonly transport: TransportName;
  /** An IPv4 or IPv6 address, the latter without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
}

const PATTERN = /^(ws|grpc|memory):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^\s/:?#@[\]]+)):(\d{1,5})\/?$/;
/** One label of a host name (RFC 1123, 2.1), with the underscores that container networks use. */
const LABEL = /^[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/;
/** What resolvers read as a number, and so a name that ends in it as an IPv4 address. */
const NUMERIC = /^(?:\d+|0[xX][0-9a-fA-F]*)$/;
const MAX_HOST_CHARACTERS = 253;
/** How much of a url that is none a message repeats. */
const SHOWN_CHARACTERS = 80;

/** @throws PagewireError `bad-argument`, with an example of a good one */
export function parseLinkUrl(url: string): LinkAddress {
  const parsed = parse(url);
  if (typeof parsed === 'string') throw new PagewireError('bad-argument', parsed);
  return parsed;
}

/** What is wrong with the url of a peer, for people; undefined when a link can be dialed to it. Takes any string and never throws. */
export function checkLinkUrl(url: string): string | undefined {
  const parsed = parse(url);
  return typeof parsed === 'string' ? parsed : undefined;
}

function parse(url: unknown): LinkAddress | string {
  const bad = (what: string): string =>
    `${show(url)} is not the url of a peer: ${what}. Write ws://127.0.0.1:7070 or grpc://127.0.0.1:7070`;
  const match = typeof url === 'string' ? PATTERN.exec(url) : null;
  const bracketed = match?.[2];
  const host = bracketed ?? match?.[3];
  const transport = match?.[1];
  if (host === undefined || !isTransport(transport)) return bad('it is not made of ws:// or grpc://, a host, a colon and a port');
  const port = Number(match?.[4]);
  if (!(port >= 1 && port <= 65_535)) return bad('its port is not a number from 1 to 65535');
  if (bracketed === undefined ? !isIPv4(host) && !isHostName(host) : !isIPv6(host)) {
    return bad('its host is neither an IP address nor a host name');
  }
  return { transport, host, port };
}

const isTransport = (name: string | undefined): name is TransportName => name === 'ws' || name === 'grpc' || name === 'memory';

function isHostName(host: string): boolean {
  const labels = host.split('.');
  if (labels.at(-1) === '') labels.pop();
  const last = labels.at(-1);
  return host.length <= MAX_HOST_CHARACTERS && labels.every((label) => LABEL.test(label)) && last !== undefined && !NUMERIC.test(last);
}

const show = (url: unknown): string => {
  if (typeof url !== 'string') return `something of type ${typeof url}`;
  return `'${url.length > SHOWN_CHARACTERS ? `${url.slice(0, SHOWN_CHARACTERS)}…` : url}'`;
};

/** `host:port`, with the brackets that an IPv6 host needs. */
export function showHostPort({ host, port }: Pick<LinkAddress, 'host' | 'port'>): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** The url of an address. */
export function showLinkUrl(address: LinkAddress): string {
  return `${address.transport}://${showHostPort(address)}`;
}

/** Whether only this machine can connect to `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
