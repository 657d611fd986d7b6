// Starts one measurement as a process of its own and reads its line of figures.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const bench = resolve(import.meta.dirname, '..');
const python = process.env.BENCH_PYTHON ?? 'python3';

/** Compiles the Java side once; the class path to run it with, or the reason why it cannot take part. */
export async function prepareJava() {
  const { distribution } = await import('../../spec/support/kafka/distribution.ts');
  const { classPath, flags } = await distribution();
  const classes = mkdtempSync(join(tmpdir(), 'rx-kafka-bench-'));
  process.once('exit', () => {
    rmSync(classes, { recursive: true, force: true });
  });
  const source = join(bench, 'clients', 'Java.java');
  const compiled = spawnSync('javac', ['-cp', classPath, '-d', classes, source], { encoding: 'utf8' });
  if (compiled.error) return { missing: 'needs a JDK (javac)' };
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  return { args: [...flags, '-Xmx1g', '-cp', [classes, classPath].join(delimiter), 'Java'] };
}

/** Why a client cannot take part here, or null. */
export function absence(client, java) {
  if (client === 'java') return java.missing ?? null;
  if (client === 'aiokafka') {
    const probe = spawnSync(python, ['-c', 'import aiokafka'], { encoding: 'utf8' });
    return probe.status === 0 ? null : 'needs aiokafka (pip install aiokafka, BENCH_PYTHON for another interpreter)';
  }
  if (client === 'rx-kafka') {
    const home = process.env.RX_KAFKA ?? resolve(bench, '..');
    return existsSync(join(home, 'dist')) ? null : 'needs npm run build';
  }
  const name = { platformatic: '@platformatic/kafka' }[client] ?? client;
  try {
    createRequire(join(bench, 'package.json')).resolve(name);
    return null;
  } catch {
    return `needs npm install in bench/ (${name})`;
  }
}

/** Runs one task; rejects with what the process said when it fails or takes longer than `timeoutMs`. */
export function measure(client, name, task, java, { timeoutMs = 240_000, profile = null } = {}) {
  const pairs = Object.entries(task).map(([key, value]) => `${key}=${value}`);
  const profiler = profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const [command, args] =
    client === 'java'
      ? ['java', [...java.args, name, ...pairs]]
      : client === 'aiokafka'
        ? [python, [join(bench, 'clients', 'aiokafka_client.py'), name, ...pairs]]
        : [process.execPath, [...profiler, join(bench, 'child.mjs'), client, name]];
  return new Promise((done, failed) => {
    const env = { ...process.env, BENCH_TASK: JSON.stringify(task) };
    const child = spawn(command, args, { cwd: bench, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err = (err + chunk).slice(-4000)));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', failed);
    child.once('close', (code) => {
      clearTimeout(timer);
      const line = /^@@(.*)$/m.exec(out)?.[1];
      if (line === undefined || late || line === 'null') {
        failed(new Error(`${client} ${name}: ${late ? `not within ${timeoutMs} ms` : `exit code ${code}`}\n${err}`));
      } else {
        done(JSON.parse(line));
      }
    });
  });
}
