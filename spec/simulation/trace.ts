/** What happened in a run, in order: its hash always, its lines when they are wanted. The same seed gives the same hash. */
export class Trace {
  readonly lines: string[] | null;
  readonly #now: () => number;
  #high = 0x811c9dc5;
  #low = 0x01000193;
  #count = 0;

  constructor(now: () => number, keep: boolean) {
    this.#now = now;
    this.lines = keep ? [] : null;
  }

  get count(): number {
    return this.#count;
  }

  get hash(): string {
    const hex = (part: number): string => (part >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  note(text: string): void {
    this.#count++;
    const now = this.#now();
    let high = Math.imul(this.#high ^ now, 0x01000193);
    let low = Math.imul(this.#low + now, 0x85ebca6b);
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      high = Math.imul(high ^ unit, 0x01000193);
      low = Math.imul(low ^ (low >>> 15) ^ unit, 0x85ebca6b);
    }
    this.#high = high;
    this.#low = low;
    this.lines?.push(`${now.toFixed(0).padStart(7)} ${text}`);
  }
}
