/** The records of a CSV file with a header (RFC 4180, without line breaks inside quotes), each by its column names. */
export function parseCsv(text: string): ReadonlyMap<string, string>[] {
  const [header = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  const names = fields(header);
  return lines.map((line) => {
    const values = fields(line);
    return new Map(names.map((name, column) => [name, values[column] ?? '']));
  });
}

function fields(line: string): string[] {
  // A comma before the first field, too: then each field is a comma and what follows it.
  const found = `,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return Array.from(found, ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain);
}
