/** What a mapped program is told, and what it answers. Counters are named by their word, pages by their number in the region. */
export interface Batch {
  readonly region: string;
  readonly adds: readonly { readonly word: number; readonly times: number }[];
  readonly writes: readonly { readonly page: number; readonly version: number }[];
  readonly reads: readonly number[];
}

/** What a reader found in a page: its version, or why there is none. */
export type Seen =
  | { readonly kind: 'version'; readonly version: number }
  /** Its writer was at it, or died at it. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'torn'; readonly problem: string };

export interface BatchDone {
  /** What each counter held before each increment, in the order of `adds`. */
  readonly returned: readonly (readonly number[])[];
  /** In the order of `reads`. */
  readonly seen: readonly Seen[];
}

export type ProgramCall =
  | { readonly do: 'open'; readonly region: string; readonly bytes: number }
  | { readonly do: 'close'; readonly region: string }
  | { readonly do: 'batch'; readonly batch: Batch }
  | { readonly do: 'leave' };

export interface ProgramRequest {
  readonly id: number;
  readonly call: ProgramCall;
}
/** The reply with id 0 says that the program has joined. */
export interface ProgramReply {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: { readonly code: string; readonly message: string };
}
