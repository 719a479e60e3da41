// Prints "N passed, N failed[, N skipped]" from the report that vitest's json reporter wrote to the file named by the argument.
import { readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
const counts = count(read(file));
const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.log(`There is no report of the tests (${error.message}), so the run itself failed.`);
    return undefined;
  }
}

function count(report) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  // A file that cannot be loaded has no tests to count, and is a failure.
  const broken = report.testResults.filter((result) => result.status === 'failed' && result.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
