import type { Region } from '@pagewire/node';
import { fillsRegister, type Operation, stores, valueAfter } from '../litmus-test.js';
import type { OrderedStep } from './orders.js';

/** Does one operation by the asynchronous calls of a region. Answers with the value before it, or undefined where it finds none. */
export async function accessByCall(region: Region, { operation, offset, way }: OrderedStep): Promise<number | undefined> {
  if (way === 'pinned') return await pinned(region, operation, offset);
  const { atomics } = region;
  switch (operation.kind) {
    case 'R':
      return way === 'atomics' ? await atomics.load('int32', offset) : int32At(await region.read(offset, 4), 0);
    case 'W':
      if (way === 'atomics') await atomics.store('int32', offset, operation.value);
      else await region.write(offset, bytesOf(operation.value));
      return undefined;
    case 'XCHG':
      return await atomics.exchange('int32', offset, operation.value);
    case 'ADD':
      return await atomics.add('int32', offset, operation.value);
    case 'CAS':
      return await atomics.compareExchange('int32', offset, operation.expected, operation.value);
  }
}

/** While a page is pinned exclusively nobody else touches it: a load and a store are one operation. */
async function pinned(region: Region, operation: Operation, offset: number): Promise<number | undefined> {
  await using pin = await region.pin(offset, 4, stores(operation) ? 'exclusive' : 'readonly');
  const { bytes } = pin;
  const before = int32At(bytes, 0);
  if (stores(operation)) bytes.set(bytesOf(valueAfter(operation, before)));
  return fillsRegister(operation) ? before : undefined;
}

/** The int32 at each offset, or the code that reading it failed with. */
export function readAll(region: Region, offsets: readonly number[]): Promise<readonly (number | string)[]> {
  const read = async (offset: number): Promise<number | string> => {
    try {
      return int32At(await region.read(offset, 4), 0);
    } catch (error) {
      return codeOf(error);
    }
  };
  return Promise.all(offsets.map(read));
}

/** The code of an error of pagewire, also of one of a simulated process, whose classes are its own; or what it says. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return String(error);
}

const int32At = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, littleEndian);

function bytesOf(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, littleEndian);
  return bytes;
}

/** Atomics and typed arrays have the byte order of the machine. */
const littleEndian = new Uint8Array(new Int32Array([1]).buffer)[0] === 1;
