import { limits } from '@pagewire/protocol';

const printable = /^[\x21-\x7e]+$/;
/** Printable ASCII without quotes and backslashes, which no URL holds and which would grow in JSON. */
const plainUrl = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** What is wrong with a node's name, for the person who started the node. */
export function nameFault(name: unknown): string | undefined {
  if (typeof name === 'string' && printable.test(name) && name.length <= limits.maxNodeNameBytes) return undefined;
  return `a node name is 1 to ${limits.maxNodeNameBytes} printable ASCII characters without spaces`;
}

/** What is wrong with the URLs of a node. */
export function urlsFault(urls: readonly string[]): string | undefined {
  if (urls.length <= limits.maxUrlsPerMember && urls.every((url) => url.length <= limits.maxUrlBytes && plainUrl.test(url)))
    return undefined;
  return `a node has at most ${limits.maxUrlsPerMember} URLs, each of at most ${limits.maxUrlBytes} printable ASCII characters`;
}
