import { InvariantError } from '../errors.js';
import type { Reader, Writer } from './cursors.js';
import type { HeaderValue } from './envelope.js';
import { fitText, utf8Bytes } from './text.js';

/**
 * How one part of a message travels. `write` throws {@link InvariantError} for a value that `read` would refuse: what was encoded can be
 * decoded. `read` latches a flaw in the reader and returns something harmless.
 */
export interface Field<T> {
  write(out: Writer, value: T): void;
  read(input: Reader): T;
}

/** One header value that satisfies `is`. */
export const scalar = <T extends HeaderValue>(wanted: string, is: (value: unknown) => value is T, harmless: T): Field<T> => ({
  write(out, value) {
    if (!is(value)) throw new InvariantError(`a message needs ${wanted}, not ${String(value)}`);
    out.put(value);
  },
  read(input) {
    const value = input.next();
    return is(value) ? value : input.refuse(wanted, value, harmless);
  },
});

const isCount = (value: unknown): value is number => typeof value === 'number' && value >= 0 && Number.isSafeInteger(value);

/** An integer from 0 to 2^53 − 1. */
export const count: Field<number> = scalar('an integer of 0 or more', isCount, 0);

/** An integer from 0 to `max`. */
export const countUpTo = (max: number): Field<number> =>
  scalar(`an integer from 0 to ${max}`, (value): value is number => isCount(value) && value <= max, 0);

/** A branded count; `brand` is its constructor in `ids.ts`. */
export function branded<T extends number>(wanted: string, brand: (n: number) => T): Field<T> {
  const harmless = brand(0);
  return {
    write(out, value) {
      if (!isCount(value)) throw new InvariantError(`a message needs ${wanted}, not ${String(value)}`);
      out.put(value);
    },
    read(input) {
      const value = input.next();
      return isCount(value) ? brand(value) : input.refuse(wanted, value, harmless);
    },
  };
}

/** A time by somebody's clock or a duration, in milliseconds, with fractions. */
export const duration: Field<number> = scalar(
  'a finite number of 0 or more',
  (value): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  0,
);

export const flag: Field<boolean> = scalar('true or false', (value): value is boolean => typeof value === 'boolean', false);

/** One of a closed set of names, each with its number on the wire. The compiler proves that none is forgotten. */
export function oneOf<T extends string>(wanted: string, numbers: Readonly<Record<T, number>>): Field<T> {
  const byNumber: (T | undefined)[] = [];
  // Object.keys forgets that the keys of a Record<T, …> are T.
  const names = Object.keys(numbers) as T[];
  for (const name of names) byNumber[numbers[name]] = name;
  const [harmless] = names;
  if (harmless === undefined) throw new InvariantError(`${wanted} has no values`);
  return {
    write(out, value) {
      const number = Object.hasOwn(numbers, value) ? numbers[value] : undefined;
      if (number === undefined) throw new InvariantError(`a message needs ${wanted}, not ${String(value)}`);
      out.put(number);
    },
    read(input) {
      const value = input.next();
      return (typeof value === 'number' ? byNumber[value] : undefined) ?? input.refuse(wanted, value, harmless);
    },
  };
}

const isString =
  (maxBytes: number) =>
  (value: unknown): value is string =>
    typeof value === 'string' && value.length <= maxBytes && (value.length * 3 <= maxBytes || utf8Bytes(value) <= maxBytes);

/** A string of at most `maxBytes` of UTF-8. */
export const string = (wanted: string, maxBytes: number): Field<string> =>
  scalar(`${wanted} of at most ${maxBytes} bytes`, isString(maxBytes), '');

/** Text for people: cut to `maxBytes` of UTF-8 where it is sent, since losing its end is better than losing the message. */
export function text(maxBytes: number): Field<string> {
  const { read } = string('text', maxBytes);
  return { write: (out, value) => out.put(fitText(value, maxBytes)), read };
}

/** Nil where the value is absent. */
export const optional = <T>(field: Field<T>): Field<T | undefined> => ({
  write(out, value) {
    if (value === undefined) out.put(null);
    else field.write(out, value);
  },
  read: (input) => (input.skipNil() ? undefined : field.read(input)),
});

/**
 * Nothing at all where the value is absent, so that a message without it costs what it did before it could have one. Only for the last field of a
 * message.
 */
export const trailing = <T>(field: Field<T>): Field<T | undefined> => ({
  write(out, value) {
    if (value !== undefined) field.write(out, value);
  },
  read: (input) => (input.atEnd ? undefined : field.read(input)),
});

/** A count, then that many of `field`. */
export function list<T>(field: Field<T>, max: number): Field<readonly T[]> {
  const length = countUpTo(max);
  return {
    write(out, values) {
      length.write(out, values.length);
      for (const value of values) field.write(out, value);
    },
    read(input) {
      // `length` is at most `max`, so a false one costs little; growing the array as it fills would cost every true one more.
      const values = new Array<T>(length.read(input));
      for (let i = 0; i < values.length && !input.flawed; i++) values[i] = field.read(input);
      return values;
    },
  };
}

/** A value that both ends know, so that nothing travels. */
export const constant = <const T>(value: T): Field<T> => ({ write: () => {}, read: () => value });

/** A field for every key of T, also for the optional ones. */
export type Spec<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/**
 * An object, its fields one after the other in the order of `spec`. T comes from where the result goes, never from `spec`: inferred from
 * `spec` it would not notice that an optional key was forgotten.
 */
export function fields<T extends object>(spec: NoInfer<Spec<T>>): Field<T> {
  // TypeScript cannot follow the tie between a key and its field through a loop. It holds because every pair comes from `spec`, whose type
  // ties them, and because `spec` names every key of T.
  const pairs = Object.entries(spec) as [keyof T, Field<unknown>][];
  return {
    write(out, value) {
      for (const [name, field] of pairs) field.write(out, value[name]);
    },
    read(input) {
      const object: { [K in keyof T]?: unknown } = {};
      for (const [name, field] of pairs) object[name] = field.read(input);
      return object as T;
    },
  };
}
