import { InvariantError, limits, PagewireError, showValue } from '@pagewire/protocol';
import type { LinkOptions } from '@pagewire/transport';
import { chooseMemory, softwareMemory } from './choose-memory.js';
import { ClusterNode } from './cluster-node.js';
import type { MemoryMode } from './memory.js';
import type { Node } from './node.js';
import { checkPlace, type Place } from './place.js';
import type { NodeSettings } from './program/calls.js';
import { ProgramNode } from './program/program-node.js';
import { type TransportKind, transportOf } from './transport-choice.js';

export interface JoinOptions {
  /** `ws://host:port` or `grpc://host:port` of the coordinator. */
  readonly coordinator: string;
  /** 1 to `limits.maxNodeNameBytes` printable ASCII characters without spaces; no two live nodes share one. */
  readonly name: string;
  /** Default `auto`. */
  readonly memory?: MemoryMode;
  /** Where peers and clients reach this node; default `127.0.0.1:0`, where port 0 picks a free one. */
  readonly listen?: string;
  /** `HOST:PORT` that peers and clients are told, where it differs from what this node listens on (port forwarding, a proxy). */
  readonly advertise?: string;
  /** What this node offers to peers, in order of preference; default `['ws', 'grpc']`. */
  readonly transports?: readonly TransportKind[];
  /** Allow listening beyond loopback: there is no authentication and no encryption. */
  readonly insecure?: boolean;
  /** How long an access waits for its pages; default `limits.faultTimeoutMs`. */
  readonly faultTimeoutMs?: number;
  /** How long a plain load or store of mapped memory waits for its page before it ends the process; default `limits.plainFaultTimeoutMs`. */
  readonly plainFaultTimeoutMs?: number;
  /** How long to try to reach the coordinator and to be let in; default 10 000. */
  readonly joinTimeoutMs?: number;
  /** After a fence, join again as a new incarnation; default true. */
  readonly rejoin?: boolean;
  /** Which of several programs this one is, to be told as the node's `rank` and `size`; the cluster does not look at it. */
  readonly place?: Place;
  /** Limits and times of the links of this node. */
  readonly link?: Partial<LinkOptions>;
}

const defaultJoinTimeoutMs = 10_000;
/** What timers can count: above it they go off at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Makes this process a node of a cluster. Fails with `unreachable` when no coordinator answers, `name-taken` when a live node has the name,
 * `address-in-use` or `insecure-listen` when it cannot listen, `unsupported` when it cannot have the memory that was asked for.
 */
export async function join(options: JoinOptions): Promise<Node> {
  if (typeof options !== 'object' || options === null) {
    throw new PagewireError('bad-argument', `join takes an object of options, such as a coordinator and a name, not ${showValue(options)}`);
  }
  const { coordinator, name, transports = ['ws', 'grpc'], insecure = false, rejoin = true, link = {} } = options;
  if (typeof coordinator !== 'string' || transportOf(coordinator) === undefined) {
    throw new PagewireError(
      'bad-argument',
      `coordinator is a URL such as ws://127.0.0.1:7070 or grpc://127.0.0.1:7070, not ${showValue(coordinator)}`,
    );
  }
  if (typeof name !== 'string' || !/^[\x21-\x7e]+$/.test(name) || name.length > limits.maxNodeNameBytes) {
    throw new PagewireError('bad-argument', `a node name is 1 to ${limits.maxNodeNameBytes} printable ASCII characters without spaces`);
  }
  if (!Array.isArray(transports) || transports.length === 0 || transports.some((transport) => transport !== 'ws' && transport !== 'grpc')) {
    throw new PagewireError('bad-argument', 'transports is a list of "ws" and "grpc"');
  }
  const { kind, reason } = chooseMemory(options.memory ?? 'auto');
  const settings: NodeSettings = {
    coordinator,
    name,
    transports: [...transports],
    faultTimeoutMs: duration('faultTimeoutMs', options.faultTimeoutMs ?? limits.faultTimeoutMs),
    plainFaultTimeoutMs: duration('plainFaultTimeoutMs', options.plainFaultTimeoutMs ?? limits.plainFaultTimeoutMs),
    joinTimeoutMs: duration('joinTimeoutMs', options.joinTimeoutMs ?? defaultJoinTimeoutMs),
    rejoin: flag('rejoin', rejoin),
    place: options.place === undefined ? undefined : checkPlace(options.place),
    link: numbersOf(link),
    listen: { ...parseAddress('listen', options.listen ?? '127.0.0.1:0'), insecure: flag('insecure', insecure) },
    advertise: options.advertise === undefined ? undefined : parseAddress('advertise', options.advertise),
  };
  if (kind === 'mapped') return await ProgramNode.start(settings, reason);
  const unservable = (error: PagewireError): never => {
    throw new InvariantError(`software memory has no plain accesses that could wait: ${error.message}`);
  };
  return await ClusterNode.start({ ...settings, memory: softwareMemory(reason), unservable });
}

/** An address of this node as others are told it must fit into a list of members. */
function checkedHost(option: string, address: { readonly host: string; readonly port: number }): typeof address {
  const longest = `grpc://[${address.host}]:${address.port}`;
  if (Buffer.byteLength(longest) <= limits.maxUrlBytes) return address;
  throw new PagewireError('bad-argument', `${option} is too long: a URL made of it may have ${limits.maxUrlBytes} bytes`);
}

function duration(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0 && value <= longestTimerMs) return value;
  throw new PagewireError(
    'bad-argument',
    `${option} is a whole number of milliseconds from 1 to ${longestTimerMs}, not ${showValue(value)}`,
  );
}

function flag(option: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw new PagewireError('bad-argument', `${option} is true or false, not ${showValue(value)}`);
}

/** What the transport checks further; here only that all of it can be given to another thread. */
function numbersOf(link: Partial<LinkOptions>): Partial<LinkOptions> {
  if (typeof link !== 'object' || link === null)
    throw new PagewireError('bad-argument', `link is an object of options, not ${showValue(link)}`);
  const own = { ...link };
  for (const [name, value] of Object.entries(own)) {
    if (typeof value !== 'number') throw new PagewireError('bad-argument', `link option ${name} is a number, not ${showValue(value)}`);
  }
  return own;
}

/** `host:port`, with an IPv6 host in brackets. */
function parseAddress(option: string, address: string): { readonly host: string; readonly port: number } {
  if (typeof address !== 'string')
    throw new PagewireError('bad-argument', `${option} is HOST:PORT, such as 127.0.0.1:7071, not ${showValue(address)}`);
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535)
    throw new PagewireError('bad-argument', `${option} is HOST:PORT, such as 127.0.0.1:7071, not "${address}"`);
  return checkedHost(option, { host, port });
}
