// Runs commands one after another; a passing one prints one line, a failing one all it said. Nothing stops the next.
import { spawn } from 'node:child_process';

/**
 * @returns {Promise<number>} exit code; output is shown when it failed, or as it comes: all of it, or stderr alone. With `tell` a
 * passing one says its last line as well.
 */
export function runStep(name, command, args, { loud = false, tell = false, env = process.env } = {}) {
  return new Promise((resolve) => {
    const started = performance.now();
    const stdout = loud === 'stderr' ? 'ignore' : loud ? 'inherit' : 'pipe';
    const child = spawn(command, args, { stdio: ['ignore', stdout, loud ? 'inherit' : 'pipe'], env });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.once('error', (error) => {
      console.error(`✗ ${name}: ${error.message}`);
      resolve(1);
    });
    child.once('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const said = tell ? `: ${Buffer.concat(output).toString().trimEnd().split('\n').at(-1)}` : '';
      if (code === 0) console.log(`✓ ${name} (${seconds} s)${said}`);
      else {
        if (!loud) process.stderr.write(Buffer.concat(output));
        console.error(`✗ ${name} (${seconds} s)`);
      }
      resolve(code ?? 1);
    });
  });
}

const bin = (path, ...args) => [process.execPath, [`node_modules/${path}`, ...args]];

/** Checks that need no broker: two lanes, each in order, since most of them keep one core busy and some need what `build` made. */
const reading = [
  ['format', ...bin('prettier/bin/prettier.cjs', '--check', '.')],
  ['lint', ...bin('eslint/bin/eslint.js', '.', '--cache', '--cache-location', 'node_modules/.cache/eslint/')],
];
const building = [
  [
    'layers',
    ...bin('dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.cjs', 'src', 'operators'),
  ],
  ['rules catch planted violations', process.execPath, ['scripts/rules.mjs']],
  ['contract', process.execPath, ['scripts/contract.mjs']],
  ['types', ...bin('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json')],
  ['build', process.execPath, ['scripts/build.mjs']],
  ['declarations', process.execPath, ['scripts/declarations.mjs']],
  ['api reports', process.execPath, ['scripts/api.mjs']],
  ['publint', ...bin('publint/src/cli.js', '--strict', '--pack', 'npm')],
  ['are the types wrong', ...bin('@arethetypeswrong/cli/dist/index.js', '--pack', '.', '--no-definitely-typed')],
  ['bundle for browsers', ...bin('size-limit/bin.js')],
  ['docs', ...bin('typedoc/bin/typedoc', '--emit', 'none')],
];

/** @returns {Promise<{ passed: number, failed: number }>} */
export async function runChecks() {
  let failed = 0;
  const run = async (lane) => {
    for (const [name, command, args] of lane) if ((await runStep(name, command, args)) !== 0) failed++;
  };
  await Promise.all([run(reading), run(building)]);
  return { passed: reading.length + building.length - failed, failed };
}
