// Becomes ready and ignores every request to end; only the end of its parent stops it.
process.on('SIGTERM', () => undefined);
process.once('disconnect', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
setInterval(() => undefined, 60_000);
