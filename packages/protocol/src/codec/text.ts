// Every JavaScript host has these two; the package compiles without any host's types, so it declares what it uses.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (label: string, options: { fatal: boolean; ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
// A byte order mark is a character like any other: dropping it would make the text differ from what was sent.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The length of `text` in UTF-8, in bytes. A surrogate without its pair counts as three, as its replacement character does. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair is worth two of the pair's four bytes.
    bytes += unit < 0x800 || isPaired(text, i, unit) ? 1 : 2;
  }
  return bytes;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;
const isPaired = (text: string, i: number, unit: number): boolean =>
  (isHigh(unit) && isLow(text.charCodeAt(i + 1))) || (isLow(unit) && i > 0 && isHigh(text.charCodeAt(i - 1)));

export const utf8Encode = (text: string): Uint8Array => encoder.encode(text);

/** The text that `bytes` hold, or undefined when they are not UTF-8. */
export function utf8Decode(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The longest beginning of `text` that fits `maxBytes` of UTF-8 and splits no character; lone surrogates become U+FFFD. */
export function fitText(text: string, maxBytes: number): string {
  const bytes = utf8Encode(text);
  let end = Math.min(bytes.length, maxBytes);
  // 10xxxxxx continues a character: step back to where one starts.
  while (end < bytes.length && end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return strict.decode(bytes.subarray(0, end));
}
