/** Where each leader's epoch began: a partition's leader epoch cache (KIP-101, KIP-320). @internal */
export class LeaderEpochs {
  #entries: { readonly epoch: number; readonly start: number }[] = [];

  get latest(): number {
    return this.#entries.at(-1)?.epoch ?? -1;
  }

  began(epoch: number, start: number): void {
    const kept = this.#entries.filter((entry) => entry.epoch < epoch && entry.start < start);
    // an epoch that wrote nothing is replaced by the next one
    this.#entries = [...kept, { epoch, start }];
  }

  /** The epoch under which the offset was written, -1 when unknown. */
  at(offset: number): number {
    return this.#entries.findLast(({ start }) => start <= offset)?.epoch ?? -1;
  }

  /** End of an epoch: the largest epoch not above it, and where the next one began. */
  endOf(epoch: number, logEnd: number): { readonly epoch: number; readonly endOffset: number } {
    if (epoch < 0 || epoch > this.latest) return { epoch: -1, endOffset: -1 };
    if (epoch === this.latest) return { epoch, endOffset: logEnd };
    const next = this.#entries.find((entry) => entry.epoch > epoch)!;
    const floor = this.#entries.findLast((entry) => entry.epoch <= epoch);
    return { epoch: floor?.epoch ?? epoch, endOffset: next.start };
  }

  truncated(end: number): void {
    this.#entries = this.#entries.filter(({ start }) => start < end);
  }

  /** Keeps the entry that holds the new start. */
  trimmed(logStart: number): void {
    const holding = this.#entries.findLast(({ start }) => start <= logStart);
    if (holding === undefined) return;
    this.#entries = [
      { epoch: holding.epoch, start: logStart },
      ...this.#entries.filter(({ start }) => start > logStart),
    ];
  }
}
