import type { FaultKind } from '../faults.js';
import type { Slow } from './proxy-calls.js';

/** Where one member listens and how it is started. */
export interface Seat {
  readonly name: string;
  /** From 1, in the order of the members. */
  readonly number: number;
  readonly host: string;
  /** 0 picks a free one the first time. */
  readonly port: number;
  /** HOST:PORT that others are told: a proxy's, so that what passes can be slowed. */
  readonly advertise: string;
  /** A command that becomes the one it is given. */
  readonly within: readonly string[];
}

/** What the network has done to traffic since it was made. */
export interface NetworkEffects {
  /** Packets or bytes that were thrown away. */
  readonly dropped: number;
  readonly lateBytes: number;
  readonly cutConnections: number;
}

/** A network whose cables can be cut. Members are named; `from` and `to` are one direction. */
export interface Network {
  readonly kind: 'namespaces' | 'proxy';
  /** What this kind of network cannot do. */
  readonly without: readonly FaultKind[];
  seat(name: string): Seat;
  /** The member listens on `port` now, and consists of the processes `pids`. */
  serves(name: string, port: number, pids: readonly number[]): Promise<void>;
  /** What is sent from one member to the other vanishes. */
  drop(from: string, to: string): Promise<void>;
  restore(from: string, to: string): Promise<void>;
  setLink(name: string, state: 'up' | 'down'): Promise<void>;
  /** `percent` of the packets to and from a member vanish; 0 ends it. */
  setLoss(name: string, percent: number): Promise<void>;
  slow(name: string, slow: Slow): Promise<void>;
  /** Ends whatever was done. */
  heal(): Promise<void>;
  effects(): Promise<NetworkEffects>;
  close(): Promise<void>;
}
