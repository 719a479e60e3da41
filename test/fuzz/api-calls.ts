import type { Node, Region } from '@pagewire/node';
import { PagewireError, type RegionAccess } from '@pagewire/protocol';
import fc from 'fast-check';
import { anyValue, CallersError, oddBytes, oddNumbers, oddOptions } from './hostile-values.js';

/** One call of a public function with whatever arguments. */
export interface ApiCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** A function of the API as a program without types sees it. */
export type Untyped = (...args: readonly unknown[]) => unknown;

/**
 * The same object for a program without types. The cast says that any method may be called with anything, which is what JavaScript allows and
 * what is tested here.
 */
export const untyped = (object: object): Readonly<Record<string, Untyped>> =>
  new Proxy(object, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  }) as Readonly<Record<string, Untyped>>;

const offset = fc.oneof({ weight: 3, arbitrary: fc.nat(16_384) }, { weight: 1, arbitrary: oddNumbers }, { weight: 1, arbitrary: anyValue });
const aligned = fc.oneof({ weight: 3, arbitrary: fc.nat(2040).map((n) => n * 8) }, { weight: 1, arbitrary: anyValue });
const right = fc.oneof(fc.constantFrom('readonly', 'exclusive', undefined), anyValue);
const type = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('int32', 'uint32', 'bigint64') }, { weight: 1, arbitrary: anyValue });
const operand = fc.oneof(fc.integer(), fc.bigInt({ min: -5n, max: 2n ** 65n }), anyValue);
/** Waits must end, so what is good here is short; what is odd may be long, and the caller ends it. */
const timeoutMs = fc.constantFrom(0, 1, 5);
const waitLimit = oddOptions({ timeoutMs });

const call = (name: string, ...args: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<ApiCall> =>
  fc
    .tuple(...args)
    .chain((all) => fc.nat(6).map((cut) => ({ name, args: cut === 0 ? all.slice(0, -1) : all })))
    .map((made): ApiCall => made);

/** Calls of what nodes and clients have in common. */
export const accessCalls: fc.Arbitrary<ApiCall> = fc.oneof(
  call('read', offset, offset),
  call('write', offset, fc.oneof(oddBytes, anyValue)),
  call('atomics.load', type, aligned),
  call('atomics.store', type, aligned, operand),
  call('atomics.add', type, aligned, operand),
  call('atomics.exchange', type, aligned, operand),
  call('atomics.compareExchange', type, aligned, operand, operand),
);

/** Calls of a region on a node. */
export const regionCalls: fc.Arbitrary<ApiCall> = fc.oneof(
  { weight: 3, arbitrary: accessCalls },
  {
    weight: 4,
    arbitrary: fc.oneof(
      call('operate', aligned, oddOptions({ op: fc.constantFrom('load', 'add', 'compareExchange'), type, operand, replacement: operand })),
      call('pin', offset, offset, right),
      call('prefetch', offset, offset, right),
      call('wait', aligned, operand, waitLimit),
      call('notify', aligned, fc.oneof(fc.nat(4), anyValue)),
      call('map', oddOptions({ offset: fc.constantFrom(0, 4096), bytes: fc.constantFrom(4096, 8192) })),
    ),
  },
);

const name = fc.oneof({ weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c') }, { weight: 1, arbitrary: anyValue });
const regionOptions = oddOptions({ bytes: fc.constantFrom(1, 100, 8192), pageBytes: fc.constantFrom(64, 1024, 4096) });

/** Calls of a node itself; `lock`, `semaphore` and `barrier` are taken and asked for too. */
export const nodeCalls: fc.Arbitrary<ApiCall> = fc.oneof(
  call('region', name, regionOptions),
  call('deleteRegion', name),
  call('regions', anyValue),
  call('lock', name, waitLimit),
  call('semaphore', name, fc.oneof(fc.integer({ min: 1, max: 3 }), anyValue), oddOptions({ timeoutMs, count: fc.constantFrom(1, 2, 4) })),
  call('barrier', name, fc.oneof(fc.integer({ min: 1, max: 3 }), anyValue), waitLimit),
);

/** Calls of a client. */
export const clientCalls: fc.Arbitrary<ApiCall> = fc.oneof(
  call('region', name, regionOptions),
  call('deleteRegion', name),
  call('regions', anyValue),
  call('status', anyValue),
);

/** Whether what a call ended with is what its documentation allows: an error of pagewire, or what the caller's own getter threw. */
const isAllowed = (error: unknown): boolean => error instanceof PagewireError || error instanceof CallersError;

const show = ({ name: called }: ApiCall): string => `the call of ${called}`;

/** Throws unless `error` is one that a call may end with. */
export function checkError(made: ApiCall, error: unknown): void {
  if (isAllowed(error)) return;
  throw new Error(`${show(made)} failed with what is no PagewireError: ${error instanceof Error ? error.stack : String(error)}`, {
    cause: error,
  });
}

/** Calls a function that must never throw, but only reject. */
export function promiseOf(made: ApiCall, invoke: () => unknown): Promise<unknown> {
  let returned: unknown;
  try {
    returned = invoke();
  } catch (error) {
    throw new Error(`${show(made)} threw instead of rejecting: ${String(error)}`, { cause: error });
  }
  if (!(returned instanceof Promise)) throw new Error(`${show(made)} returned no promise`);
  return returned;
}

/** Calls a function of a region, also one of its `atomics`. */
export function callRegion(region: Region | RegionAccess, made: ApiCall): Promise<unknown> {
  const [first = '', second] = made.name.split('.');
  const on = second === undefined ? untyped(region) : untyped(region.atomics);
  return promiseOf(made, () => on[second ?? first]?.(...made.args));
}

/** Calls a function of a node; a lock and its like are asked for as well. Errors of their making come as rejections too. */
export function callNode(node: Node, made: ApiCall): Promise<unknown> {
  const on = untyped(node);
  if (made.name !== 'lock' && made.name !== 'semaphore' && made.name !== 'barrier') {
    return promiseOf(made, () => on[made.name]?.(...made.args));
  }
  const terms = made.args.slice(0, made.name === 'lock' ? 1 : 2);
  let object: unknown;
  try {
    object = on[made.name]?.(...terms);
  } catch (error) {
    return Promise.reject(error);
  }
  if (typeof object !== 'object' || object === null) throw new Error(`${show(made)} returned no object`);
  const limit = made.args[terms.length];
  return promiseOf(made, () => untyped(object)[made.name === 'barrier' ? 'arrive' : 'acquire']?.(limit));
}
