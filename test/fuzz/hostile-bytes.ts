import fc from 'fast-check';

/** One way to spoil bytes. */
type Edit = (bytes: number[], at: number, value: number, other: readonly number[]) => void;

const edits: readonly Edit[] = [
  (bytes, at, value) => bytes.splice(at, 1, value),
  (bytes, at, value) => bytes.splice(at, 1, (bytes[at] ?? 0) ^ (1 << (value % 8))),
  (bytes, at, value) => bytes.splice(at, 0, value),
  (bytes, at) => bytes.splice(at, 1),
  (bytes, at) => bytes.splice(at),
  (bytes, at, value) => bytes.splice(at, 0, ...bytes.slice(at, at + value)),
  // The largest and the smallest of each width, in both orders of bytes: what lengths and counts are made of.
  (bytes, at, value) => bytes.splice(at, 1 << (value % 4), ...new Array<number>(1 << (value % 4)).fill(value % 2 === 0 ? 0xff : 0)),
  (bytes, at, value) => bytes.splice(at, 4, ...(value % 2 === 0 ? [0xff, 0xff, 0xff, 0x7f] : [0x7f, 0xff, 0xff, 0xff])),
  // The head of one and the tail of another.
  (bytes, at, value, other) => bytes.splice(at, bytes.length, ...other.slice(Math.floor((value / 256) * other.length))),
];

/** Bytes of `valid`, changed in one to four places: a bit flipped, cut short, spliced with another of them, a length made huge, … */
export function spoiled(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(fc.constantFrom(...edits), fc.nat(), fc.nat(255));
  return fc.tuple(valid, valid, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([first, second, changes]) => {
    const bytes = [...first.subarray(0, 4096)];
    const other = [...second.subarray(0, 4096)];
    for (const [change, at, value] of changes) change(bytes, at % (bytes.length + 1), value, other);
    return Uint8Array.from(bytes);
  });
}
