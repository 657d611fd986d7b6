/** Leader epochs of delivered records, by sequence: they change once in a while, records come by the million. */
export class EpochRuns {
  /** Pairs (first sequence, leader epoch), ascending. */
  readonly #runs: number[];

  constructor(first: number) {
    this.#runs = [-1, first];
  }

  /** From `seq` on; nobody asks for what lies before `head` any more. */
  add(seq: number, leaderEpoch: number, head: number): void {
    this.#runs.push(seq, leaderEpoch);
    while (this.#runs.length > 2 && this.#runs[2]! < head) this.#runs.splice(0, 2);
  }

  /** Epoch of the record delivered before `seq`. */
  before(seq: number): number {
    let epoch = this.#runs[1]!;
    for (let i = 2; i < this.#runs.length && this.#runs[i]! < seq; i += 2) epoch = this.#runs[i + 1]!;
    return epoch;
  }
}
