import { InvalidArgumentError } from 'commander';
import { nearest } from './nearest.js';
import { formatDuration, formatSize, parseCount, parseDuration, parseSize, UnitError } from './units.js';

/** A transport that a user can choose; `both` stands for ws and gRPC together. */
export type TransportChoice = 'ws' | 'grpc' | 'both';
export const transportChoices: readonly TransportChoice[] = ['ws', 'grpc', 'both'];

export type MemoryChoice = 'auto' | 'mapped' | 'software';
export const memoryChoices: readonly MemoryChoice[] = ['auto', 'mapped', 'software'];

/** Where a process listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Bounds of a number, both included. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** The parsers below turn one option's text into its value, for commander; each throws `InvalidArgumentError` with what to write instead. */
export const size =
  (bounds: Bounds = {}) =>
  (text: string): number =>
    within(orInvalid(parseSize, text), bounds, formatSize);

export const duration =
  (bounds: Bounds = {}) =>
  (text: string): number =>
    within(orInvalid(parseDuration, text), bounds, formatDuration);

export const count =
  (bounds: Bounds = {}) =>
  (text: string): number =>
    within(orInvalid(parseCount, text), bounds, String);

export const port = count({ max: 65_535 });

/** One of a fixed set of words. */
export const oneOf =
  <T extends string>(choices: readonly T[]) =>
  (text: string): T => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    const meant = nearest(text, choices);
    throw new InvalidArgumentError(meant === undefined ? `Use one of ${choices.join(', ')}.` : `Did you mean ${meant}?`);
  };

/** `HOST:PORT`; an IPv6 host stands in brackets. */
export function address(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d+)$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const digits = match?.[3];
  if (host === undefined || digits === undefined) {
    throw new InvalidArgumentError('Write HOST:PORT, as in 127.0.0.1:7070 or [::1]:7070; port 0 picks a free one.');
  }
  return { host, port: port(digits) };
}

/** `HOST:PORT` of an address. */
export const showAddress = ({ host, port }: Address): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

const schemes = ['ws', 'grpc'] as const;

/** A peer's URL: `ws://HOST:PORT` or `grpc://HOST:PORT`. */
export function peerUrl(text: string): string {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/]+)\/?$/.exec(text);
  const scheme = match?.[1];
  const place = match?.[2];
  if (scheme === undefined || place === undefined) throw new InvalidArgumentError('Write ws://HOST:PORT or grpc://HOST:PORT.');
  if (!schemes.some((known) => known === scheme)) {
    const meant = nearest(scheme, schemes);
    throw new InvalidArgumentError(`"${scheme}" is not a transport: use ${meant === undefined ? 'ws:// or grpc://' : `${meant}://`}.`);
  }
  if (address(place).port === 0) throw new InvalidArgumentError('Port 0 cannot be connected to.');
  return `${scheme}://${place}`;
}

/** One or more peer URLs with commas between them. */
export const peerUrls = (text: string): readonly string[] => text.split(',').map((url) => peerUrl(url.trim()));

function orInvalid(parse: (text: string) => number, text: string): number {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof UnitError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

function within(value: number, { min, max }: Bounds, show: (value: number) => string): number {
  if (min !== undefined && value < min) throw new InvalidArgumentError(`The least is ${show(min)}.`);
  if (max !== undefined && value > max) throw new InvalidArgumentError(`The most is ${show(max)}.`);
  return value;
}
