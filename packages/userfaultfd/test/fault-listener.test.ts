import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenToFaults } from '../src/fault-events.js';
import { here, unlessHere } from './world.js';

/** A page fault event as the kernel writes it, at page `page`. */
function fault(page: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(32));
  bytes.setUint8(0, 0x12);
  bytes.setBigUint64(16, BigInt(page * 4096), true);
  return new Uint8Array(bytes.buffer);
}

// A named pipe stands in for the kernel: it says exactly which events are there to be read at once.
describe.skipIf(!here.supported)(`a listener${unlessHere}`, () => {
  let folder: string;
  let fd: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fault-listener-'));
    const path = join(folder, 'kernel');
    execFileSync('mkfifo', [path]);
    fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  function happen(count: number): void {
    for (let page = 0; page < count; page++) writeSync(fd, fault(page));
  }

  test('hears of all faults, in order, however many there are at once', async () => {
    const heard: number[] = [];
    happen(1000);
    await new Promise<void>((resolve) => {
      const listener = listenToFaults(fd, (address) => {
        heard.push(address / 4096);
        if (heard.length < 1000) return;
        listener.close();
        resolve();
      });
    });
    expect(heard).toEqual(Array.from({ length: 1000 }, (_, page) => page));
  });

  test('that is closed amid a batch still hears the rest of it, and nothing after', async () => {
    const heard: number[] = [];
    happen(1000);
    await new Promise<void>((resolve) => {
      const listener = listenToFaults(fd, (address) => {
        heard.push(address / 4096);
        listener.close();
        setImmediate(resolve);
      });
    });
    expect(heard).toEqual(Array.from({ length: 128 }, (_, page) => page));
  });
});
