import fc from 'fast-check';

/** What a hostile argument throws when it is looked at. It is the caller's own error: it may come back, and nothing else may. */
export class CallersError extends Error {
  override readonly name = 'CallersError';
}

const throwing = (): never => {
  throw new CallersError('a getter of the caller threw');
};

/** What a failing case shows of a value that throws when it is printed. */
const labelled = <T extends object>(value: T, label: string): T => Object.defineProperty(value, fc.toStringMethod, { value: () => label });

const detached = (): Uint8Array => {
  const bytes = new Uint8Array(64);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return labelled(bytes, 'a detached Uint8Array');
};

/** Numbers at which arithmetic and checks go wrong. */
export const oddNumbers: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, -0.5, 4, 7, 8, 63, 64, 4095, 4096, 4097, 8192, 65_536),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MIN_VALUE, Number.MAX_VALUE),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 52, Number.MAX_SAFE_INTEGER, 2 ** 53),
  fc.nat(20_000),
  fc.double(),
);

/** Bytes of every kind that JavaScript has: views over odd ranges, shared, resizable, detached, and what only looks like bytes. */
export const oddBytes: fc.Arbitrary<unknown> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .constantFrom<() => unknown>(
      () => new Uint8Array(0),
      () => new Uint8Array(new ArrayBuffer(100), 3, 41),
      () => new Uint8Array(new SharedArrayBuffer(100), 1, 77),
      () => new Uint8Array(20_000).fill(9),
      () => new Uint8Array(resizable(8)),
      () => shrunk(),
      detached,
      () => Buffer.from('text'),
      () => new Uint8ClampedArray(8),
      () => new Float64Array(2),
      () => new DataView(new ArrayBuffer(8)),
      () => new ArrayBuffer(8),
      () => new SharedArrayBuffer(8),
      () => labelled(new Proxy(new Uint8Array(8), {}), 'a proxy of a Uint8Array'),
      () => labelled(Object.create(Uint8Array.prototype) as object, 'an object made of the prototype of Uint8Array'),
      () => [1, 2, 3],
      () => 'text',
    )
    .map((make) => make()),
);

// Node.js has these, and the types of the language level that this project is written in do not.
const resizable = (length: number): ArrayBuffer => Reflect.construct(ArrayBuffer, [length, { maxByteLength: 64 }]);

/** A view whose buffer became shorter than the view. */
function shrunk(): Uint8Array {
  const buffer = resizable(64);
  const bytes = new Uint8Array(buffer, 32, 32);
  Reflect.apply(Reflect.get(buffer, 'resize'), buffer, [16]);
  return labelled(bytes, 'a Uint8Array past the end of its buffer');
}

/** Objects that behave badly when they are looked at. Each is made anew. */
const awkwardObjects: fc.Arbitrary<unknown> = fc
  .constantFrom<() => unknown>(
    () => Object.create(null) as unknown,
    // Symbols are asked for by whoever prints a failing case.
    () => new Proxy({}, { get: (_, key) => (typeof key === 'symbol' ? undefined : throwing()) }),
    () => ({ toString: throwing, valueOf: throwing, [Symbol.toPrimitive]: throwing }),
    () => ({ toJSON: throwing }),
    () => ({ toString: () => 'grid', valueOf: () => 4096 }),
    () => ({ length: 5 }),
    () => Object.freeze({}),
    () => circular(),
    () => new Date(Number.NaN),
    () => new Map([['bytes', 4096]]),
    () => Promise.resolve(4096),
    () => /x/,
    () => () => 4096,
    () => class {},
    () => Symbol('a symbol'),
    () => new Number(4096),
    () => new String('grid'),
    () => Object(8n) as unknown,
  )
  .map((make) => make());

function circular(): unknown {
  const object: { self?: unknown } = {};
  object.self = object;
  return object;
}

const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'grid',
    'a b',
    'é',
    '\0',
    '\ud800',
    'x'.repeat(128),
    'x'.repeat(129),
    'x'.repeat(100_000),
    '__proto__',
    'toString',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** Any value at all that a program without types can pass. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: oddNumbers },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, true, false, 0n, -1n, 2n ** 63n, 2n ** 64n, [], {}, [4096]) },
  { weight: 1, arbitrary: oddText },
  { weight: 2, arbitrary: awkwardObjects },
  { weight: 1, arbitrary: oddBytes },
);

/** An object with all of the fields, of which none, one or two have any value instead of a good one. */
export function nearlyGood(good: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Record<string, unknown>> {
  const keys = Object.keys(good);
  const odd = fc.record(Object.fromEntries(keys.map((key) => [key, anyValue])));
  return fc.tuple(fc.record(good), odd, fc.subarray(keys, { maxLength: Math.min(2, keys.length) })).map(([made, other, spoiled]) => {
    return { ...made, ...Object.fromEntries(spoiled.map((key) => [key, other[key]])) };
  });
}

/** An object with some of the fields, each with any value or one that is `good`; sometimes a getter that throws, sometimes no object at all. */
export function oddOptions(good: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(good).map(([key, value]) => [key, fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: anyValue })]),
  );
  const [first = 'bytes'] = Object.keys(good);
  const trap = fc.constant(null).map(() => Object.defineProperty({}, first, { get: throwing }));
  return fc.oneof(
    { weight: 8, arbitrary: fc.record(fields, { requiredKeys: [] }) },
    { weight: 1, arbitrary: trap },
    { weight: 1, arbitrary: anyValue },
  );
}
