import { describe, expect, it } from 'vitest';
import { SequentialDetector } from '../src/prefetch.js';

describe('the sequential detector', () => {
  it('asks for nothing after one fault', () => {
    expect(new SequentialDetector({ maxPages: 64 }).fault(7)).toBeUndefined();
  });

  it('doubles the window of a scan from 2 up to the limit', () => {
    const detector = new SequentialDetector({ maxPages: 8 });
    detector.fault(0);
    expect(detector.fault(1)).toEqual({ first: 2, count: 2 });
    expect(detector.fault(4)).toEqual({ first: 5, count: 4 });
    expect(detector.fault(9)).toEqual({ first: 10, count: 8 });
    expect(detector.fault(18)).toEqual({ first: 19, count: 8 });
  });

  it('asks further ahead when the scan reaches a page that is still on its way', () => {
    const detector = new SequentialDetector({ maxPages: 64 });
    detector.fault(0);
    detector.fault(1);
    expect(detector.fault(2)).toEqual({ first: 4, count: 3 });
  });

  it('never asks for a page twice in one scan', () => {
    const detector = new SequentialDetector({ maxPages: 16 });
    const asked = [0, 1, 2, 3, 4, 7, 12, 30].flatMap((page) => {
      const run = detector.fault(page);
      return Array.from({ length: run?.count ?? 0 }, (_, at) => (run?.first ?? 0) + at);
    });
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('starts over after a jump', () => {
    const detector = new SequentialDetector({ maxPages: 64 });
    [0, 1, 4].map((page) => detector.fault(page));
    expect(detector.fault(1000)).toBeUndefined();
    expect(detector.fault(1001)).toEqual({ first: 1002, count: 2 });
  });

  it('takes descending and random faults for no scan', () => {
    const detector = new SequentialDetector({ maxPages: 64 });
    expect([90, 80, 70, 60, 13, 99, 4].map((page) => detector.fault(page))).toEqual(Array(7).fill(undefined));
  });

  it('follows several scans that are interleaved', () => {
    const detector = new SequentialDetector({ maxPages: 64 });
    [0, 100, 200].map((page) => detector.fault(page));
    expect([1, 101, 201].map((page) => detector.fault(page)?.first)).toEqual([2, 102, 202]);
  });

  it('forgets the scan that was continued least recently', () => {
    const detector = new SequentialDetector({ maxPages: 64, maxStreams: 2 });
    [0, 100, 200].map((page) => detector.fault(page));
    expect(detector.fault(1)).toBeUndefined();
    expect(detector.fault(201)?.first).toBe(202);
  });

  it('counts a fault on a range as one step of its scan', () => {
    const detector = new SequentialDetector({ maxPages: 64 });
    detector.fault(0, 16);
    expect(detector.fault(16, 16)).toEqual({ first: 32, count: 2 });
  });
});
