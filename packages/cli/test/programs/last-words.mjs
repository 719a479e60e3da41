// Writes to both streams and ends; its last line has no end.
process.stderr.write('to people\n');
process.stdout.write('no end');
