import type { WeatherEffects } from '@pagewire/test';
import type { Lost } from '../faults.js';

/** How bytes pass one proxy. `rate` is bytes a second, 0 for no limit. */
export interface Slow {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly rate: number;
}

export const clear: Slow = { delayMs: 0, jitterMs: 0, rate: 0 };

/** What the process of the proxies is told; `proxy` and `dialer` are numbers of members. */
export type ProxyCall =
  | { readonly do: 'open'; readonly proxy: number; readonly host: string; readonly port: number }
  | { readonly do: 'aim'; readonly proxy: number; readonly host: string; readonly port: number }
  /** Which processes each member consists of now: pairs of its number and a pid. */
  | { readonly do: 'dialers'; readonly pids: readonly (readonly [member: number, pid: number])[] }
  | {
      readonly do: 'weather';
      readonly proxy: number;
      readonly dialer: number | 'everyone';
      readonly lost: Lost | undefined;
      readonly slow: Slow;
    }
  | { readonly do: 'cut'; readonly proxy: number; readonly dialer: number | 'everyone' }
  | { readonly do: 'effects' };

/** What it answers: the port of `open`, the sums of `effects`. */
export type ProxyAnswer = { readonly port: number } | WeatherEffects | undefined;

export interface ProxyRequest {
  readonly id: number;
  readonly call: ProxyCall;
}
export interface ProxyReply {
  readonly id: number;
  readonly answer?: ProxyAnswer;
  readonly failure?: string;
}
