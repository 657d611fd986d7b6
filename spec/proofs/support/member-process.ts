import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a member process told. */
export interface MemberEvent {
  readonly at: number;
  readonly type: string;
  readonly partitions?: readonly number[];
  readonly error?: string;
  /** Of `windows`: how many transactions were committed since the last such event. */
  readonly count?: number;
}

/** A member of a proof's group as a child process of this one. */
export class MemberProcess {
  readonly name: string;
  readonly events: MemberEvent[] = [];
  /** What it holds, by its own events. */
  readonly held: Set<number> = new Set<number>();
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #stderr = '';

  constructor(script: string, args: readonly string[], name: string) {
    this.name = name;
    this.#child = spawn(process.execPath, ['--import', './scripts/ts.mjs', script, ...args, name], {
      // the end of its stdin tells a member that this process is gone
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const event = JSON.parse(line) as MemberEvent;
      this.events.push(event);
      for (const partition of event.partitions ?? []) {
        if (event.type === 'assigned') this.held.add(partition);
        else this.held.delete(partition);
      }
    });
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code) => {
        resolve(code);
      });
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  get over(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Exit code, null after a signal; -1 when it did not end within the time. */
  async exit(timeoutMs: number): Promise<number | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<number>((resolve) => {
      timer = setTimeout(() => {
        resolve(-1);
      }, timeoutMs);
    });
    const code = await Promise.race([this.#exited, late]);
    clearTimeout(timer);
    return code;
  }

  /** Writes down what it told. */
  keep(directory: string): void {
    const lines = this.events.map((event) => `${JSON.stringify(event)}\n`).join('');
    writeFileSync(join(directory, `${this.name}.log`), `${lines}${this.#stderr}`);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
