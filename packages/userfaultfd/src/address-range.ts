import { invalidArgument } from './error.js';

/** A range of this process's address space. Both numbers are multiples of the operating system's page; `bytes` is not 0. */
export interface AddressRange {
  readonly address: number;
  readonly bytes: number;
}

export function assertPageMultiple(name: string, value: number, pageBytes: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value % pageBytes !== 0) {
    throw invalidArgument(`${name} is ${value}; it must be a multiple of the page size of this machine, ${pageBytes} bytes.`);
  }
}

export function assertRange(range: AddressRange, pageBytes: number): void {
  assertPageMultiple('The address of the range', range.address, pageBytes);
  assertPageMultiple('The length of the range', range.bytes, pageBytes);
  if (range.bytes === 0 || !Number.isSafeInteger(range.address + range.bytes)) {
    throw invalidArgument(`The range of ${range.bytes} bytes at ${range.address} is empty or beyond the address space.`);
  }
}
