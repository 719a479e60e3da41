// Writes lines in pieces to both streams, many at once, and a last one without an end.
const rank = process.env.PAGEWIRE_RANK;
const write = (stream, text) => new Promise((resolve) => stream.write(text, resolve));
for (let line = 0; line < 200; line++) {
  await write(process.stdout, `line ${line} `);
  if (line % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  await write(process.stdout, `of ${rank}${line === 0 ? ': Grüße €' : ''}\n`);
}
await write(process.stderr, `trouble ${rank}\n\n`);
await write(process.stdout, `last of ${rank}`);
