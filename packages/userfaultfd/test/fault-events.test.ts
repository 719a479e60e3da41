import { expect, test } from 'vitest';
import { deliverFaults } from '../src/fault-events.js';

/** struct uffd_msg: the event at byte 0, flags at 8, the address at 16, the thread at 24. */
function message(event: number, flags: number, address: bigint, threadId: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(32));
  bytes.setUint8(0, event);
  bytes.setBigUint64(8, BigInt(flags), true);
  bytes.setBigUint64(16, address, true);
  bytes.setUint32(24, threadId, true);
  return new Uint8Array(bytes.buffer);
}

function batch(...messages: Uint8Array[]): Uint32Array {
  return new Uint32Array(new Uint8Array(messages.flatMap((bytes) => [...bytes])).buffer);
}

test('every kind of fault is told apart, with addresses of the whole user space', () => {
  const seen: unknown[] = [];
  const words = batch(
    message(0x12, 0, 0x1000n, 1),
    message(0x12, 1, 0x7fff_ffff_f000n, 2),
    message(0x12, 4, 0x8000_0000n, 3),
    message(0x12, 5, 0x1_0000_0000n, 4),
    message(0x12, 3, 0xfff_ffff_ffff_f000n & 0xf_ffff_ffff_f000n, 5),
  );
  deliverFaults(words, 5, (...fault) => seen.push(fault));
  expect(seen).toEqual([
    [0x1000, 'missing', false, 1],
    [0x7fff_ffff_f000, 'missing', true, 2],
    [0x8000_0000, 'minor', false, 3],
    [0x1_0000_0000, 'minor', true, 4],
    [0xf_ffff_ffff_f000, 'write-protected', true, 5],
  ]);
});

test('events that are no page faults, and what is left of an earlier read, are passed over', () => {
  const seen: number[] = [];
  const words = batch(message(0x15, 0, 0x1000n, 1), message(0x12, 0, 0x2000n, 1), message(0x12, 0, 0x3000n, 1));
  deliverFaults(words, 2, (address) => seen.push(address));
  expect(seen).toEqual([0x2000]);
});

test('a handler that throws does not take the faults after it along', () => {
  const seen: number[] = [];
  const words = batch(message(0x12, 0, 0x1000n, 1), message(0x12, 0, 0x2000n, 1));
  const handler = (address: number) => {
    seen.push(address);
    throw new Error(`no page at ${address}`);
  };
  expect(() => deliverFaults(words, 2, handler)).toThrow('no page at 4096');
  expect(seen).toEqual([0x1000, 0x2000]);
});
