import { type ErrorCode, PagewireError } from '@pagewire/protocol';

/** The code that `operation` fails with, or `ok`. What is no `PagewireError` is thrown on. */
export async function codeOf(operation: Promise<unknown>): Promise<ErrorCode | 'ok'> {
  try {
    await operation;
    return 'ok';
  } catch (error) {
    if (error instanceof PagewireError) return error.code;
    throw error;
  }
}

/** What the first of the bytes that `read` resolves with is, or the code that it fails with. */
export async function firstByteOrCode(read: Promise<Uint8Array>): Promise<number | ErrorCode | 'ok'> {
  let first: number | undefined;
  const code = await codeOf(
    read.then((bytes) => {
      first = bytes[0];
    }),
  );
  return first ?? code;
}
