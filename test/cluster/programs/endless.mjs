// Writes lines for ever, as fast as they are read.
const write = (text) => new Promise((resolve) => process.stdout.write(text, resolve));
for (;;) await write('and so on\n');
