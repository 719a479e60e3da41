/** Every way an operation of pagewire can fail, and what a caller can do about it. `docs/errors.md` has a row for each; a test compares them. */
export const errorCodes = {
  'bad-argument': 'An argument has the wrong type or value.',
  'out-of-range': 'The access reaches outside its region.',
  misaligned: 'An atomic operation needs an offset that is a multiple of its size.',
  'no-such-region': 'The region does not exist, or was deleted.',
  'region-mismatch': 'The region exists with another size or page size.',
  'page-lost': 'The only copy of the page died with the node that held it.',
  fenced: 'This node lost its lease and gave up every right.',
  timeout: 'The deadline passed before the operation finished.',
  overloaded: 'A limit was reached; the operation was not started.',
  unreachable: 'The peer could not be reached.',
  'address-in-use': 'Another process listens on this address.',
  'insecure-listen': 'Listening beyond loopback needs an explicit flag.',
  'version-mismatch': 'The peer speaks another version of the protocol.',
  'protocol-violation': 'The peer sent something the protocol does not allow.',
  'name-taken': 'A live node already has this name.',
  'outcome-unknown': 'The connection broke while the operation was under way; it may or may not have taken effect.',
  unsupported: 'This build or machine cannot do what was asked.',
  closed: 'The object was closed by its owner.',
  broken: 'A node that takes part was lost, so that waiting for the others has no end.',
} as const;

/** The closed set of codes that a {@link PagewireError} can carry. */
export type ErrorCode = keyof typeof errorCodes;

export const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(errorCodes, code);

/** An operating error: something a correct program can meet. The message says what was tried, on what, and what to do next. */
export class PagewireError extends Error {
  override readonly name = 'PagewireError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A bug in pagewire: a state that the design rules out. Never caught to go on as if nothing had happened. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} unless `condition` holds. Stays on in production. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Ends a `switch` over a union: the compiler proves that no case was forgotten. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable case ${JSON.stringify(value)}`);
}
