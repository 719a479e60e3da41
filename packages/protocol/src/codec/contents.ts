import { limits } from '../limits.js';
import type { Content } from '../messages.js';
import type { Reader, Writer } from './cursors.js';
import { countUpTo, type Field } from './fields.js';
import { utf8Decode, utf8Encode } from './text.js';

/** Stands in the header for a page of zeros, whose bytes do not travel. */
const ZERO = -1;

function writePage(out: Writer, content: Content): void {
  if (content === 'zero') out.put(ZERO);
  else out.putContent(content instanceof Uint8Array ? content : out.frame(content), limits.maxPageBytes);
}

function readPage(input: Reader): Content {
  const length = input.next();
  if (length === ZERO) return 'zero';
  if (typeof length === 'number' && Number.isInteger(length) && length > 0 && length <= limits.maxPageBytes)
    return input.takeContent(length);
  return input.refuse(`the length of a page (at most ${limits.maxPageBytes}) or ${ZERO} for zeros`, length, 'zero');
}

/** The bytes of a page: its length, or −1 for zeros. */
export const pageContent: Field<Content> = { write: writePage, read: readPage };

/** Any bytes up to `maxBytes`, none included. */
export function blob(maxBytes: number): Field<Uint8Array> {
  const length = countUpTo(maxBytes);
  return {
    write: (out, bytes) => out.putContent(bytes, maxBytes),
    read: (input) => input.takeContent(length.read(input)),
  };
}

/** Text too long for a header: it travels as UTF-8 among the contents. */
export function longText(maxBytes: number): Field<string> {
  const bytes = blob(maxBytes);
  return {
    write: (out, value) => bytes.write(out, utf8Encode(value)),
    read(input) {
      const content = bytes.read(input);
      return utf8Decode(content) ?? input.refuse('UTF-8', content.length, '');
    },
  };
}
