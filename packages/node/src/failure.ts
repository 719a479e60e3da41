import { type ErrorCode, errorCodes, PagewireError } from '@pagewire/protocol';

/** What a caller can do when an access to a page fails, where the code alone does not say it. */
const advice: Partial<Record<ErrorCode, string>> = {
  timeout: 'another node may hold it pinned, or a node has just died; try again, or allow more time with faultTimeoutMs',
  'page-lost': 'its bytes cannot be had back; delete the region and fill it again from its source',
  'no-such-region': 'open it again to create it anew',
  overloaded: 'too many nodes wait for this page; try again after a pause',
  fenced: 'wait until the node has rejoined',
};

/** Why an access to a page failed, for the person who reads it. */
export function explainFailure(code: ErrorCode, page: { readonly region: string; readonly index: number }): PagewireError {
  const next = advice[code];
  const what = errorCodes[code];
  return new PagewireError(
    code,
    `page ${page.index} of region "${page.region}" was not granted: ${what}${next === undefined ? '' : ` Next: ${next}.`}`,
  );
}
