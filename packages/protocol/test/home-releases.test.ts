import { describe, expect, test } from 'vitest';
import { Home, type HomeEffect, incarnation, millis, pageId, regionId, requestId, version } from '../src/index.js';

const page = pageId(regionId(1), 0);
const [holder, waiter] = [incarnation(1), incarnation(2)];

/** A home where `holder` owns the page and `waiter`'s request for it is being served. */
function busyHome(): Home {
  const home = new Home();
  home.step(millis(0), { kind: 'region-created', region: regionId(1), pageCount: 1, pageBytes: 64 });
  for (const member of [holder, waiter]) home.step(millis(0), { kind: 'member-joined', member });
  const items = [{ page, id: requestId(1), right: 'exclusive' }] as const;
  home.step(millis(0), { kind: 'message', from: holder, message: { kind: 'acquire', items } });
  home.step(millis(0), { kind: 'message', from: holder, message: { kind: 'acquired', items: [{ page, id: requestId(1) }] } });
  home.step(millis(0), { kind: 'message', from: waiter, message: { kind: 'acquire', items } });
  return home;
}

function release(home: Home, bytes: Uint8Array): HomeEffect[] {
  const items = [{ page, version: version(1), content: bytes }];
  return home.step(millis(0), { kind: 'message', from: holder, message: { kind: 'release', items } });
}

describe('a release of a page that is being transferred', () => {
  test('waits its turn without the bytes of the message that brought it', () => {
    const home = busyHome();
    const bytes = new Uint8Array(64).fill(7);
    expect(release(home, bytes)).toEqual([]);
    bytes.fill(9);
    const effects = home.step(millis(0), { kind: 'member-lost', member: waiter });
    expect(effects).toContainEqual({ kind: 'send', to: holder, message: { kind: 'query', items: [{ page, round: 1 }] } });
    expect(home.status().storedBytes).toBe(64);
  });

  test('cannot be said twice: what waits for one page is bounded', () => {
    const home = busyHome();
    release(home, new Uint8Array(64));
    expect(release(home, new Uint8Array(64))).toEqual([
      { kind: 'violation', from: holder, what: 'a second release while the first one waits for page 1:0' },
    ]);
  });
});
