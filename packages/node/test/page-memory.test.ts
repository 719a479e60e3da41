import { expect, it } from 'vitest';
import { type PageMemory, pageRights } from '../src/memory.js';
import { describeEachMemory } from './memories.js';

describeEachMemory('the memory of a region', ({ pageBytes, allocate }) => {
  const fourPages = (): PageMemory => allocate({ name: 'r', bytes: 4 * pageBytes, pageBytes });
  const rights = (memory: PageMemory): number[] => [0, 1, 2, 3].map((index) => memory.rightOf(index));
  const page = (value: number): Uint8Array => new Uint8Array(pageBytes).fill(value);
  const { invalid, readonly, exclusive } = pageRights;

  it('starts with every page invalid', () => {
    const memory = fourPages();
    expect([memory.pageCount, memory.pageBytes]).toEqual([4, pageBytes]);
    expect(rights(memory)).toEqual([invalid, invalid, invalid, invalid]);
  });

  it('gives each page the right that it was last given', () => {
    const memory = fourPages();
    for (const index of [0, 1, 2, 3]) memory.stage(index, 'zero');
    memory.permit(1, 'readonly');
    memory.permit(2, 'exclusive');
    memory.permit(3, 'readonly');
    memory.permit(3, 'exclusive');
    memory.flush();
    expect(rights(memory)).toEqual([invalid, readonly, exclusive, exclusive]);
  });

  it('keeps the bytes of a page that is revoked, and its right goes', () => {
    const memory = fourPages();
    memory.stage(1, page(5));
    memory.permit(1, 'exclusive');
    memory.revoke(1);
    expect(memory.rightOf(1)).toBe(invalid);
    expect(memory.view(1)).toEqual(page(5));
  });

  it('has the bytes of a page that was revoked and is permitted again', () => {
    const memory = fourPages();
    memory.stage(1, page(5));
    memory.permit(1, 'exclusive');
    memory.revoke(1);
    memory.permit(1, 'readonly');
    memory.flush();
    expect([memory.rightOf(1), memory.view(1)]).toEqual([readonly, page(5)]);
  });

  it('leaves a protected page readable', () => {
    const memory = fourPages();
    memory.stage(2, page(6));
    memory.permit(2, 'exclusive');
    memory.protect(2);
    expect(memory.rightOf(2)).toBe(readonly);
    expect(memory.view(2)).toEqual(page(6));
  });

  it('takes the right to store away when less is permitted', () => {
    const memory = fourPages();
    memory.stage(2, page(6));
    memory.permit(2, 'exclusive');
    memory.permit(2, 'readonly');
    memory.flush();
    expect(memory.rightOf(2)).toBe(readonly);
  });

  it('shows what is stored through one view in every other', () => {
    const memory = fourPages();
    memory.stage(1, 'zero');
    memory.permit(1, 'exclusive');
    memory.range(pageBytes + 3, 1)[0] = 7;
    expect(memory.view(1)[3]).toBe(7);
  });

  it('lays the frames of neighbouring pages side by side', () => {
    const memory = fourPages();
    memory.stage(1, page(1));
    memory.stage(2, page(2));
    expect(memory.range(2 * pageBytes - 1, 2)).toEqual(Uint8Array.of(1, 2));
  });

  it('stages zeros over what a frame held before', () => {
    const memory = fourPages();
    memory.stage(0, page(9));
    memory.stage(0, 'zero');
    expect(memory.view(0)).toEqual(page(0));
  });

  it('keeps its hands off other frames when it stages one', () => {
    const memory = fourPages();
    for (const index of [0, 1, 2]) memory.stage(index, page(index + 1));
    memory.stage(1, 'zero');
    expect([memory.view(0), memory.view(2)]).toEqual([page(1), page(3)]);
  });

  it.each([-1, 1])('refuses to stage bytes that are not one page (%i bytes off)', (off) => {
    const memory = fourPages();
    expect(() => memory.stage(0, new Uint8Array(pageBytes + off))).toThrow(`staged with ${pageBytes} bytes, not ${pageBytes + off}`);
  });

  it('names the pages that have some right, in their order', () => {
    const memory = fourPages();
    for (const index of [3, 0, 1]) {
      memory.stage(index, 'zero');
      memory.permit(index, index === 0 ? 'readonly' : 'exclusive');
    }
    memory.revoke(1);
    expect([...memory.residentPages()]).toEqual([0, 3]);
  });

  it('revokes all pages at once, those with it whose change was not flushed', () => {
    const memory = fourPages();
    memory.stage(0, 'zero');
    memory.permit(0, 'readonly');
    memory.flush();
    memory.stage(3, 'zero');
    memory.permit(3, 'exclusive');
    memory.revokeAll();
    memory.flush();
    expect(rights(memory)).toEqual([invalid, invalid, invalid, invalid]);
  });

  it('has the right bytes of a page that comes back after it was forgotten', () => {
    const memory = fourPages();
    memory.stage(0, page(1));
    memory.permit(0, 'exclusive');
    memory.revoke(0);
    memory.forget(0);
    memory.stage(0, page(2));
    memory.permit(0, 'readonly');
    memory.flush();
    expect(memory.view(0)).toEqual(page(2));
  });

  it('can be flushed when there is nothing to flush', () => {
    const memory = fourPages();
    memory.flush();
    memory.flush();
    expect(rights(memory)).toEqual([invalid, invalid, invalid, invalid]);
  });

  it('may be closed again', () => {
    const memory = fourPages();
    memory.close();
    expect(() => memory.close()).not.toThrow();
  });

  it('says how much it needed when the process cannot have it', () => {
    const bytes = 2 ** 52;
    expect(() => allocate({ name: 'huge', bytes, pageBytes: 65_536 })).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringMatching(`"huge".*${bytes} bytes`) }),
    );
  });
});
