import { describe, expect, it } from 'vitest';
import { maxLineUnits, WholeLines } from '../src/processes/whole-lines.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the lines of a stream', () => {
  it('are whole, however the bytes come', () => {
    const lines = new WholeLines();
    const text = 'Grüße\n€ 1\n\nlast';
    const pushed = [...bytes(text)].flatMap((byte) => lines.push(Uint8Array.of(byte)));
    expect([...pushed, ...lines.end()]).toEqual(['Grüße', '€ 1', '', 'last']);
  });

  it('that come together are told together', () => {
    expect(new WholeLines().push(bytes('a\nb\nc'))).toEqual(['a', 'b']);
  });

  it('may end as on Windows, and keep a carriage return of their own', () => {
    expect(new WholeLines().push(bytes('10 %\r20 %\r\n'))).toEqual(['10 %\r20 %']);
  });

  it('end without a last one where the text ends with a line end, or is empty', () => {
    const lines = new WholeLines();
    lines.push(bytes('a\n'));
    expect([lines.end(), new WholeLines().end()]).toEqual([[], []]);
  });

  it('of bytes that are no text are shown with marks in their place', () => {
    const lines = new WholeLines();
    expect([lines.push(Uint8Array.of(0xff, 0x0a, 0xe2)), lines.end()]).toEqual([['\ufffd'], ['\ufffd']]);
  });

  it('that do not end are told in pieces, and nothing of them is lost', () => {
    const lines = new WholeLines();
    const piece = 'x'.repeat(maxLineUnits - 1);
    expect([lines.push(bytes(piece)), lines.push(bytes('yz')), lines.end()]).toEqual([[], [`${piece}yz`], []]);
  });
});
