/** Words of a page after the two that say what it is. */
const headWords = 2;

/** Word `at` of a page of that version: nothing else looks like it, so that a single word of another version or page is found. */
function patternWord(page: number, version: number, at: number): number {
  let word = Math.imul(page + 1, 0x9e3779b1) ^ Math.imul(version + 1, 0x85ebca6b) ^ Math.imul(at + 1, 0xc2b2ae35);
  word ^= word >>> 15;
  word = Math.imul(word, 0x2c1b3c6d);
  return word ^ (word >>> 13);
}

/** Fills a page but for its first word, which is its writer's to set: the version in the second, then what only this version consists of. */
export function fillPage(words: Int32Array, page: number, version: number): void {
  words[1] = version;
  for (let at = headWords; at < words.length; at += 1) words[at] = patternWord(page, version, at);
}

/** What is wrong with a page that should be of `version`; a page that was never written is version 0 and all zeros. */
export function pageProblem(words: Int32Array, page: number, version: number): string | undefined {
  const expected = (at: number): number => (at === 1 ? version : version === 0 ? 0 : patternWord(page, version, at));
  for (let at = 1; at < words.length; at += 1) {
    if (words[at] !== expected(at)) return `page ${page} of version ${version} is torn: word ${at} is ${words[at]}, not ${expected(at)}`;
  }
  return undefined;
}
