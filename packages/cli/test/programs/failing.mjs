// Ends before it is ready and says why, as a pagewire command does.
process.stderr.write('a warning\npagewire node: no cluster there (unreachable)\n');
process.exitCode = 1;
