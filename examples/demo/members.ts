import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type MemberCommand, type MemberReport, type MemberSetup } from './member-messages.js';

export type MemberState = 'starting' | 'running' | 'killed' | 'stopped' | 'failed';

/** A billing process as the demo sees it. */
export class Member {
  readonly name: string;
  state: MemberState = 'stopped';
  partitions: readonly number[] = [];
  readonly #setup: MemberSetup;
  readonly #say: (line: string) => void;
  #child: ChildProcess | null = null;
  #gone: Promise<void> = Promise.resolve();
  #onWriting: ((count: number) => void) | null = null;
  #invoiced = 0;
  #invoicedBefore = 0;

  constructor(setup: MemberSetup, say: (line: string) => void) {
    this.name = setup.name;
    this.#setup = setup;
    this.#say = say;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Invoices that its processes have reported. */
  get invoiced(): number {
    return this.#invoicedBefore + this.#invoiced;
  }

  start(): void {
    const child = fork(fileURLToPath(new URL('./member.ts', import.meta.url)), [JSON.stringify(this.#setup)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#invoicedBefore += this.#invoiced;
    this.#invoiced = 0;
    this.state = 'starting';
    child.on('message', (report: MemberReport) => {
      this.#reported(report);
    });
    child.stderr?.on('data', (text: Buffer) => {
      for (const line of text.toString().trimEnd().split('\n')) this.#say(`${this.name}: ${line}`);
    });
    this.#gone = new Promise((resolve) => {
      const ended = (): void => {
        if (this.state === 'starting' || this.state === 'running') this.state = 'failed';
        this.partitions = [];
        resolve();
      };
      child.once('error', ended);
      child.once('exit', ended);
    });
  }

  /**
   * Kills it (`kill -9`) while invoices are written and not committed: it cannot leave the group, nor end its transaction.
   * @returns how many these are, 0 when it did not write within ten seconds
   */
  async killInTheMiddle(): Promise<number> {
    const count = await new Promise<number>((resolve) => {
      const late = setTimeout(() => {
        resolve(0);
      }, 10_000);
      this.#onWriting = (written) => {
        clearTimeout(late);
        resolve(written);
      };
      this.#tell({ type: 'tellWriting' });
    });
    this.#onWriting = null;
    this.kill();
    await this.#gone;
    return count;
  }

  kill(): void {
    this.state = 'killed';
    this.#child?.kill('SIGKILL');
  }

  /** Lets it finish what it has begun, and leave. Kills it when it has not after `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    if (this.state !== 'starting' && this.state !== 'running') return;
    this.state = 'stopped';
    this.#tell({ type: 'stop' });
    const late = setTimeout(() => {
      this.kill();
    }, timeoutMs);
    await this.#gone;
    clearTimeout(late);
  }

  #tell(command: MemberCommand): void {
    if (this.#child?.connected === true) this.#child.send(command);
  }

  #reported(report: MemberReport): void {
    switch (report.type) {
      case 'assignment':
        if (this.state === 'starting') this.state = 'running';
        this.partitions = report.partitions.toSorted((a, b) => a - b);
        break;
      case 'invoiced':
        this.#invoiced = report.count;
        break;
      case 'writing':
        this.#onWriting?.(report.count);
        break;
      case 'failed':
        this.#say(`${this.name} failed: ${report.error}`);
        break;
    }
  }
}
