/** What has ever left and reached an account, each modulo 2^32. */
export interface AccountWord {
  readonly sent: number;
  readonly received: number;
}

/** Bytes of an account: one bigint64, so that one compare-exchange changes it whole. */
export const accountBytes = 8;

// Atomics use the byte order of the machine that holds the page; a page read as bytes must be taken apart the same way.
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const toSigned = (n: number): bigint => BigInt(n | 0);

/** `sent` in the low half, `received` in the high half. */
export function packAccount({ sent, received }: AccountWord): bigint {
  return (toSigned(received) << 32n) | BigInt(sent >>> 0);
}

export function unpackAccount(word: bigint): AccountWord {
  return { sent: Number(BigInt.asUintN(32, word)), received: Number(BigInt.asUintN(32, word >> 32n)) };
}

/** The account at `offset` of a page that was read as bytes. */
export function accountAt(page: Uint8Array, offset: number): AccountWord {
  return unpackAccount(new DataView(page.buffer, page.byteOffset, page.byteLength).getBigInt64(offset, littleEndian));
}
