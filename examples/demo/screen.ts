import { type PartitionLag } from 'rx-kafka';

interface Progress {
  readonly filled: number;
  readonly processed: number;
  readonly total: number;
  readonly lags: readonly { readonly name: string; readonly lag: readonly PartitionLag[] }[];
}

const width = 30;

/** Progress in place on a terminal, as a line per second elsewhere. */
export class Screen {
  readonly #tty: boolean = process.stdout.isTTY;
  readonly #partitions: number;
  readonly #started: number = Date.now();
  #lastProcessed = 0;
  #lastAt: number = Date.now();
  #rate = 0;
  #lines = 0;
  #printedAt = 0;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  async step<T>(what: string, work: Promise<T>): Promise<T> {
    this.event(`${what} ...`);
    const result = await work;
    this.event(`${what}: ready`);
    return result;
  }

  event(line: string): void {
    this.#clear();
    console.log(`${((Date.now() - this.#started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  }

  progress(progress: Progress): void {
    const now = Date.now();
    if (now - this.#lastAt >= 1000) {
      this.#rate = ((progress.processed - this.#lastProcessed) * 1000) / (now - this.#lastAt);
      this.#lastProcessed = progress.processed;
      this.#lastAt = now;
    }
    if (!this.#tty && now - this.#printedAt < 1000) return;
    this.#printedAt = now;
    this.#clear();
    const lines = this.#tty ? this.#block(progress) : [this.#line(progress)];
    console.log(lines.join('\n'));
    this.#lines = this.#tty ? lines.length : 0;
  }

  end(line: string): void {
    this.event(line);
  }

  #block(progress: Progress): string[] {
    const bar = '█'.repeat(Math.round((progress.processed / progress.total) * width)).padEnd(width, '░');
    const lines = [`${bar} ${progress.processed} of ${progress.total} invoices, ${Math.round(this.#rate)} per second`];
    for (let partition = 0; partition < this.#partitions; partition++) {
      const holders = progress.lags.flatMap(({ name, lag }) =>
        lag.filter((entry) => entry.partition === partition).map((entry) => `${name} lag ${entry.lag}`),
      );
      lines.push(`  orders ${partition}  ${holders.join(', ') || '-'}`);
    }
    return lines;
  }

  #line(progress: Progress): string {
    const lags = progress.lags.map(({ name, lag }) => `${name} ${lag.map((l) => `${l.partition}:${l.lag}`).join(' ')}`);
    return `         ${progress.filled} filled, ${progress.processed} invoiced, ${Math.round(this.#rate)} per second; lag ${lags.join(' | ')}`;
  }

  #clear(): void {
    if (this.#lines === 0) return;
    process.stdout.write(`\u001b[${this.#lines}A\u001b[0J`);
    this.#lines = 0;
  }
}
