import { styleText } from 'node:util';

/** Where lines go: a terminal, a file, a pipe. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly hasColors?: (() => boolean) | undefined;
  write(text: string): unknown;
}

/** What is shown at the moment: as a block on a terminal, as one line elsewhere. */
export interface Shown {
  readonly block: readonly string[];
  readonly line: string;
}

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const toLineEnd = '\u001b[K';
const toScreenEnd = '\u001b[J';
/** What is broken stands out. */
const alarming = /\b(?:KILLED|DOWN|killed)\b/gu;

/**
 * Lines that stay, above a block that is drawn anew in place. It is overwritten line by line in one write and never cleared
 * before, so it does not flicker. Without a terminal there is no block but a plain line now and then.
 */
export class Screen {
  readonly #output: Output;
  readonly #colours: boolean;
  readonly #now: () => number;
  readonly #started: number;
  #drawn: readonly string[] = [];
  #lineAt: number;

  constructor(output: Output = process.stdout, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#colours = output.hasColors?.() === true;
    this.#now = now;
    this.#started = now();
    this.#lineAt = this.#started;
    if (this.#isTTY) output.write(hideCursor);
  }

  get #isTTY(): boolean {
    return this.#output.isTTY === true;
  }

  /** A line without a time. */
  print(text = ''): void {
    this.#put(text.split('\n'), this.#drawn);
  }

  /** Something that happened, with its time. */
  say(text: string): void {
    const [first = '', ...rest] = text.split('\n');
    const at = `${((this.#now() - this.#started) / 1000).toFixed(1).padStart(5)} s`;
    this.#put([`${at}  ${first}`, ...rest.map((line) => `         ${line}`)], this.#drawn);
  }

  /** How things stand; as often as you like. */
  show({ block, line }: Shown): void {
    if (this.#isTTY) {
      if (block.join('\n') !== this.#drawn.join('\n')) this.#put([], block);
    } else if (this.#now() - this.#lineAt >= 1000) {
      this.#lineAt = this.#now();
      this.say(line);
    }
  }

  /** Takes the block away. */
  hide(): void {
    this.#put([], []);
  }

  close(): void {
    this.hide();
    if (this.#isTTY) this.#output.write(showCursor);
  }

  #painted(row: string): string {
    return this.#colours ? row.replace(alarming, (word) => styleText('red', word)) : row;
  }

  #put(lines: readonly string[], block: readonly string[]): void {
    if (!this.#isTTY) {
      if (lines.length > 0) this.#output.write(`${lines.join('\n')}\n`);
      return;
    }
    // a line that wraps would take two rows, and the way back up would be too short
    const { columns = 0 } = this.#output;
    const width = (columns === 0 ? 80 : columns) - 1;
    const up = this.#drawn.length === 0 ? '' : `\u001b[${this.#drawn.length}A`;
    const rows = [...lines, ...block.map((line) => line.slice(0, width))].map((row) => this.#painted(row));
    this.#output.write(`${up}${rows.map((row) => `${row}${toLineEnd}\n`).join('')}${toScreenEnd}`);
    this.#drawn = block;
  }
}
