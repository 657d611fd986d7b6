import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { parseStormLog, type StormLog } from './storm-log.js';

const member = 'spec/proofs/support/storm-member.ts';

/** A member of a storm as a child process of this one; what it has to say is in its log file. */
export class StormProcess {
  readonly name: string;
  readonly #file: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #told: 'stay' | 'leave' | 'kill' = 'stay';
  #over = false;
  #served = false;
  #stderr = '';

  constructor(args: readonly string[], name: string, file: string) {
    this.name = name;
    this.#file = file;
    this.#child = spawn(process.execPath, ['--import', './scripts/ts.mjs', member, ...args, file, name], {
      // the end of its stdin tells it that this process is gone
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => {
        this.#over = true;
        resolve();
      });
    });
  }

  /** Neither over nor asked to be. */
  get living(): boolean {
    return this.#told === 'stay' && !this.#over;
  }
  /** It listens to signals: its code is loaded. */
  get started(): boolean {
    return (statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) > 0;
  }
  /** It has been given a partition at some time. */
  get served(): boolean {
    this.#served ||= this.started && headOf(this.#file).includes('"opened"');
    return this.#served;
  }
  get over(): boolean {
    return this.#over;
  }

  leave(): void {
    this.#told = 'leave';
    this.#child.kill('SIGTERM');
  }

  kill(): void {
    this.#told = 'kill';
    this.#child.kill('SIGKILL');
  }

  /** What is wrong with its end, null for nothing. */
  async end(timeoutMs: number): Promise<string | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#exited, late]);
    clearTimeout(timer);
    if (!this.#over) return `${this.name} did not end within ${timeoutMs} ms`;
    const { exitCode, signalCode } = this.#child;
    if (this.#told === 'kill' ? signalCode === 'SIGKILL' : exitCode === 0) return null;
    if (signalCode === 'SIGTERM' && !this.started) return null; // it had not come to hear of the signal
    return `${this.name} ended with ${exitCode ?? signalCode ?? 'nothing'} ${this.#stderr}`;
  }

  /** For the end of a failed run. */
  async destroy(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  log(): StormLog {
    const text = existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : '';
    return parseStormLog(this.name, this.#told === 'kill', text);
  }
}

function headOf(file: string): string {
  const head = Buffer.alloc(8192);
  const descriptor = openSync(file, 'r');
  try {
    return head.toString('utf8', 0, readSync(descriptor, head));
  } finally {
    closeSync(descriptor);
  }
}
