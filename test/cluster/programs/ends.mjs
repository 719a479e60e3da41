// Ends as its arguments say, one for each rank: an exit code, a signal's name, or `stays`.
const end = process.argv[2 + Number(process.env.PAGEWIRE_RANK)];
if (end === 'stays') {
  process.stdout.write('staying\n');
  setInterval(() => undefined, 60_000);
} else if (/^\d+$/.test(end)) process.exit(Number(end));
else process.kill(process.pid, end);
