import { limits } from '@pagewire/protocol';
import { checkLinkUrl } from '@pagewire/transport';

const printable = /^[\x21-\x7e]+$/;

/** What is wrong with a node's name, for the person who started the node. */
export function nameFault(name: unknown): string | undefined {
  if (typeof name === 'string' && printable.test(name) && name.length <= limits.maxNodeNameBytes) return undefined;
  return `a node name is 1 to ${limits.maxNodeNameBytes} printable ASCII characters without spaces`;
}

/** What is wrong with the URLs of a node. Other nodes dial them as they are, so none may pass that a link cannot be dialed to. */
export function urlsFault(urls: readonly string[]): string | undefined {
  if (urls.length > limits.maxUrlsPerMember || urls.some((url) => url.length > limits.maxUrlBytes)) {
    return `a node has at most ${limits.maxUrlsPerMember} URLs, each of at most ${limits.maxUrlBytes} printable ASCII characters`;
  }
  for (const url of urls) {
    const fault = checkLinkUrl(url);
    if (fault !== undefined) return `a node cannot be reached at what it gives as its URL: ${fault}`;
  }
  return undefined;
}
