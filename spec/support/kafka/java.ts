import { spawn } from 'node:child_process';

/** What one finished command left behind. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; `input` goes to its stdin. Rejects with ENOENT when the command does not exist. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string | Uint8Array; readonly timeoutMs?: number; readonly cwd?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: options.cwd });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? 60_000);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined); // a command that ends before it read its input says so by its exit code
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      const stderr = Buffer.concat(err).toString();
      if (late) reject(new Error(`${command} ${args.join(' ')} did not end in time: ${stderr.slice(-2000)}`));
      else resolve({ code, stdout: Buffer.concat(out).toString(), stderr });
    });
    child.stdin.end(options.input ?? '');
  });
}

const missingJava =
  'Specs on real brokers need Java 17 or later: install it (Debian: apt-get install openjdk-17-jre-headless maven) or set KAFKA_BROKERS to a running cluster';
const missingMaven =
  'Specs on real brokers need Maven to fetch the broker jars: install it (Debian: apt-get install maven) or set KAFKA_BROKERS to a running cluster';

/** The `java -version` text; throws one sentence that says what to install. */
export async function javaVersion(): Promise<string> {
  const result = await run('java', ['-version']).catch(() => null);
  const version = /version "(\d+)/.exec(result?.stderr ?? '');
  if (result?.code !== 0 || version === null || Number(version[1]) < 17) throw new Error(missingJava);
  return result.stderr.trim();
}

/** Runs Maven in batch mode; throws one sentence that says what to install, or Maven's own last lines. */
export async function maven(args: readonly string[]): Promise<void> {
  const result = await run('mvn', ['-q', '-B', ...args], { timeoutMs: 600_000 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(missingMaven);
    throw error;
  });
  if (result.code !== 0) {
    throw new Error(`Maven could not fetch the broker jars: ${(result.stdout + result.stderr).slice(-2000)}`);
  }
}
