// npm test: checks, every spec (spec/real on the broker rig included), the proofs shortened, 2,000 simulated worlds, planted bugs that
// those have to find. Ends with one line of sums.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks, runStep } from './steps.mjs';

const sum = await runChecks();
let skipped = 0;

const results = join(tmpdir(), `rx-kafka-jest-${process.pid}.json`);
const jest = await runStep(
  'specs',
  process.execPath,
  ['node_modules/jest/bin/jest.js', '--json', '--outputFile', results, '--passWithNoTests', ...process.argv.slice(2)],
  // --json prints the results to stdout as well; the reporter's lines go to stderr
  { loud: 'stderr' },
);
if (existsSync(results)) {
  const report = JSON.parse(readFileSync(results, 'utf8'));
  rmSync(results);
  sum.passed += report.numPassedTests;
  // a file that does not even load has no failed test of its own
  sum.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
  skipped += report.numPendingTests + report.numTodoTests;
  if (jest !== 0 && report.numFailedTests + report.numRuntimeErrorTestSuites === 0) sum.failed++;
} else {
  sum.failed++;
}

/** A step that counts as one test. */
async function count(name, args, options) {
  if ((await runStep(name, process.execPath, args, options)) === 0) sum.passed++;
  else sum.failed++;
}

// two side by side, each with a cluster of its own: they wait most of the time
const proofs = (existsSync('spec/proofs') ? readdirSync('spec/proofs') : [])
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();
const lane = async () => {
  for (let name = proofs.shift(); name !== undefined; name = proofs.shift()) {
    const args = ['--import', './scripts/ts.mjs', 'scripts/proof.mjs', name, '--seed', '1', '--scale', 'short'];
    await count(`proof ${name}`, args);
  }
};
await Promise.all([lane(), lane()]);

const tell = { tell: true };
await count('simulation', ['scripts/simulate.mjs', '--seed', '1', '--runs', '2000'], tell);
await count('simulation, patient', ['scripts/simulate.mjs', '--seed', '1', '--runs', '200', '--patient'], tell);
await count('planted bugs', ['scripts/planted.mjs'], tell);

console.log(`${sum.passed} passed, ${sum.failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
process.exit(sum.failed === 0 ? 0 : 1);
