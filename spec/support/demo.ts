import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { projectRoot } from './project-root.js';

export interface DemoRun {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
  readonly ms: number;
}

/** Runs the demo to its end; `onLine` may act on it meanwhile. Killed when it takes longer than two minutes. */
export async function runDemo(
  args: readonly string[],
  onLine: (line: string, child: ChildProcess) => void = () => undefined,
): Promise<DemoRun> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', './scripts/ts.mjs', 'examples/demo/main.ts', ...args], {
    cwd: projectRoot(),
    // nothing but Node: no Java, no compiler, no Python
    env: { PATH: '/nowhere' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    onLine(line, child);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, lines, errors, ms: performance.now() - started };
}
