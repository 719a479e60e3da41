const WORD = /[a-z]+/g;

/** Adds the words of a text to `counts`: runs of ASCII letters, in lower case. */
export function countWords(text: string, counts: Map<string, number>): void {
  for (const [word] of text.toLowerCase().matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1);
}

/** FNV-1a of ASCII text, 32 bits, signed as an Int32Array holds it; never 0. */
export function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash === 0 ? 1 : hash | 0;
}
