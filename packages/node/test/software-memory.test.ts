import { describe, expect, it } from 'vitest';
import { chooseMemory } from '../src/choose-memory.js';
import { pageRights } from '../src/memory.js';
import { SoftwareMemory } from '../src/software-memory.js';

const shape = { name: 'r', bytes: 4 * 64, pageBytes: 64 };

describe('software memory', () => {
  it('starts with every page invalid', () => {
    const memory = new SoftwareMemory(shape);
    expect([0, 1, 2, 3].map((index) => memory.rightOf(index))).toEqual([0, 0, 0, 0]);
  });

  it('keeps the bytes of a page that is revoked, and its right goes', () => {
    const memory = new SoftwareMemory(shape);
    memory.stage(1, new Uint8Array(64).fill(5));
    memory.permit(1, 'exclusive');
    memory.revoke(1);
    expect(memory.rightOf(1)).toBe(pageRights.invalid);
    expect(memory.view(1)[63]).toBe(5);
  });

  it('leaves a protected page readable', () => {
    const memory = new SoftwareMemory(shape);
    memory.permit(2, 'exclusive');
    memory.protect(2);
    expect(memory.rightOf(2)).toBe(pageRights.readonly);
  });

  it('lays the frames of neighbouring pages side by side', () => {
    const memory = new SoftwareMemory(shape);
    memory.stage(1, new Uint8Array(64).fill(1));
    memory.stage(2, new Uint8Array(64).fill(2));
    expect(memory.range(127, 2)).toEqual(Uint8Array.of(1, 2));
  });

  it('stages zeros over what a frame held before', () => {
    const memory = new SoftwareMemory(shape);
    memory.stage(0, new Uint8Array(64).fill(9));
    memory.stage(0, 'zero');
    expect(memory.view(0)).toEqual(new Uint8Array(64));
  });

  it('refuses to stage bytes that are not one page', () => {
    const memory = new SoftwareMemory(shape);
    expect(() => memory.stage(0, new Uint8Array(63))).toThrow('staged with 64 bytes, not 63');
  });

  it('revokes all pages at once', () => {
    const memory = new SoftwareMemory(shape);
    memory.permit(0, 'readonly');
    memory.permit(3, 'exclusive');
    memory.revokeAll();
    expect([0, 3].map((index) => memory.rightOf(index))).toEqual([0, 0]);
  });

  it('says how much it needed when the process cannot have it', () => {
    const bytes = 2 ** 52;
    expect(() => new SoftwareMemory({ name: 'huge', bytes, pageBytes: 64 })).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining(String(bytes)) }),
    );
  });
});

describe('the choice of memory', () => {
  it('is software for auto, with a reason', () => {
    expect(chooseMemory('auto')).toMatchObject({ kind: 'software', reason: expect.stringContaining('mapped') });
  });

  it('refuses mapped and says what to use', () => {
    expect(() => chooseMemory('mapped')).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining("'software'") }),
    );
  });

  it('refuses what it does not know', () => {
    expect(() => chooseMemory('cloud' as 'auto')).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
