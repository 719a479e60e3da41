// Becomes ready and ends when told to.
process.once('SIGTERM', () => {
  process.stderr.write('leaving\n');
  process.exit(0);
});
setInterval(() => undefined, 60_000);
process.stderr.write('before ready\n');
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid })}\n`);
