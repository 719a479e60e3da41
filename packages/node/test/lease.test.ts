import { describe, expect, it } from 'vitest';
import { Lease } from '../src/lease.js';

const lease = ({ waitedMs = 0, now = 1100 } = {}): Lease => new Lease({ sentAt: 1000, waitedMs, now, leaseMs: 3000, marginMs: 500 });

describe('a lease', () => {
  it('counts from when the join was sent and ends a margin early', () => {
    expect(lease().endsAt).toBe(3500);
    expect(lease().holds(3499)).toBe(true);
    expect(lease().holds(3500)).toBe(false);
  });

  it('counts from the end of the wait when the join had to wait at the coordinator', () => {
    expect(lease({ waitedMs: 4000, now: 5100 }).endsAt).toBe(7500);
  });

  it('does not count from a wait that would not be over yet', () => {
    expect(lease({ waitedMs: 4000, now: 4900 }).endsAt).toBe(7400);
  });

  it('is extended from when the renewal was sent, not from when it was confirmed', () => {
    const renewed = lease();
    renewed.renewed(2000, 3400);
    expect(renewed.endsAt).toBe(4500);
  });

  it('is not shortened by a confirmation that was overtaken', () => {
    const renewed = lease();
    renewed.renewed(2000, 2100);
    renewed.renewed(1500, 2200);
    expect(renewed.endsAt).toBe(4500);
  });

  it('does not come back once it has ended', () => {
    const ended = lease();
    ended.renewed(3400, 3500);
    expect(ended.holds(3500)).toBe(false);
  });

  it('is not extended into the future by a time that has not come yet', () => {
    const renewed = lease();
    renewed.renewed(9000, 2000);
    expect(renewed.endsAt).toBe(3500);
  });
});
