// npm run simulate -- --seed N --runs M [--workers W] [--bail] [--patient] [--trace]: the worlds of seeds N to N+M-1, see spec/simulation.
import { fork } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    /** End at the first seed that fails. */
    bail: { type: 'boolean', default: false },
    /** Producers try for ever: what is stuck stays stuck. */
    patient: { type: 'boolean', default: false },
    /** Print what happens in the seeds. */
    trace: { type: 'boolean', default: false },
  },
});
const [first, runs, workers] = ['seed', 'runs', 'workers'].map((name) => {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= (name === 'seed' ? 0 : 1)) return number;
  console.error(`--${name} takes a whole number`);
  process.exit(2);
});

/** Every so many seeds one is run twice: the same seed must give the same trace. */
const twiceEvery = 100;
/** A seed that is not done by then never will be, milliseconds. */
const longestMs = 300_000;
/** A long run says how far it is, every so many seeds. */
const toldEvery = 5000;
/**
 * A worker keeps its core busy: V8's helper threads would only take turns with it, 300 seeds take 35 to 39 s with them, 32 without.
 * Every world is built anew, and code that V8 has optimized dies with its last closure when garbage is collected between two of
 * them: collected seldom, it lives on, and with less inlining it is compiled faster. The four sizes make 8 % of 500 seeds.
 */
const workerFlags = [
  '--single-threaded',
  '--initial-heap-size=1500',
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
  '--max-inlined-bytecode-size-cumulative=300',
];
const shownLines = 40;
const shownViolations = 3;
const started = performance.now();
const sums = { seeds: 0, events: 0, virtualMs: 0, failed: 0 };
const counts = {};
let next = first;
let isEnding = false;

function startWorker() {
  const child = fork(fileURLToPath(new URL('../spec/simulation/worker.ts', import.meta.url)), [], {
    execArgv: ['--no-warnings', ...workerFlags, '--import', new URL('./ts.mjs', import.meta.url).href],
  });
  return child;
}

function ask(child, seed, keepTrace) {
  return new Promise((resolve, reject) => {
    const watchdog = setTimeout(() => {
      child.kill('SIGKILL');
    }, longestMs);
    const ended = (code, signal) => {
      clearTimeout(watchdog);
      reject(new Error(`the process ended with ${code ?? signal}`));
    };
    child.once('exit', ended);
    child.once('message', (result) => {
      clearTimeout(watchdog);
      child.off('exit', ended);
      resolve(result);
    });
    const twice = !keepTrace && (seed - first) % twiceEvery === twiceEvery - 1;
    child.send({ seed, twice, keepTrace, isPatient: values.patient });
  });
}

async function work() {
  let child = startWorker();
  try {
    while (next < first + runs && !isEnding) {
      const seed = next++;
      let result;
      try {
        result = await ask(child, seed, values.trace);
      } catch (error) {
        // the seed took its process along
        sums.failed++;
        if (values.bail) isEnding = true;
        console.log(`violation: seed ${seed}: no error escapes: ${error.message}`);
        child = startWorker();
        continue;
      }
      sums.seeds++;
      if (sums.seeds % toldEvery === 0 && sums.seeds < runs) {
        console.log(
          `${sums.seeds} seeds in ${((performance.now() - started) / 1000).toFixed(0)} s, ${sums.failed} violations`,
        );
      }
      sums.events += result.events;
      sums.virtualMs += result.virtualMs;
      for (const [what, times] of Object.entries(result.counts)) counts[what] = (counts[what] ?? 0) + times;
      if (values.trace) for (const line of result.trace ?? []) console.log(line);
      if (values.trace) console.log(`hash ${result.hash}`);
      if (result.violations.length > 0) await failed(child, result);
    }
  } finally {
    child.disconnect();
  }
}

async function failed(child, result) {
  sums.failed++;
  if (values.bail) isEnding = true;
  for (const { invariant, text } of result.violations.slice(0, 3))
    console.log(`violation: seed ${result.seed}: ${invariant}: ${text}`);
  if (sums.failed > shownViolations || values.trace) return;
  const again = await ask(child, result.seed, true);
  const file = join(mkdtempSync(join(tmpdir(), 'rx-kafka-simulation-')), `seed-${result.seed}.txt`);
  const lines = again.trace ?? [];
  writeFileSync(file, `${lines.join('\n')}\n`);
  for (const line of lines.slice(-shownLines)) console.log(`  ${line}`);
  console.log(
    `  trace of ${lines.length} lines in ${file}, ${again.hash === result.hash ? 'the same again' : 'NOT the same again'}`,
  );
  console.log(
    `  again: npm run simulate -- --seed ${result.seed} --runs 1${values.patient ? ' --patient' : ''} --trace`,
  );
}

await Promise.all(Array.from({ length: Math.min(workers, runs) }, work));

const seconds = (performance.now() - started) / 1000;
const entries = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
const list = (wanted) =>
  entries
    .filter(([what]) => what.startsWith('fault: ') === wanted)
    .map(([what, times]) => `${times} ${what.replace('fault: ', '')}`);
console.log(`faults: ${list(true).join(', ')}`);
console.log(`proved: ${list(false).join(', ')}`);
console.log(
  `${sums.seeds} seeds from ${first} in ${seconds.toFixed(1)} s (${(sums.seeds / seconds).toFixed(1)} seeds/s), ${sums.events} events, ${Math.round(sums.virtualMs / 1000)} s of virtual time, ${sums.failed} violations`,
);
process.exit(sums.failed === 0 ? 0 : 1);
