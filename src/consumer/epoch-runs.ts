/**
 * Leader epochs of what was read, by the sequence of the delivery that follows: they change once in a while, records come by the
 * million. A position has the epoch of what lies right before it (KIP-320), be that a record, a control record or an aborted one.
 */
export class EpochRuns {
  /** Of what was read last. */
  last: number;
  /** Pairs (first sequence, leader epoch of what lies before it), ascending. */
  readonly #runs: number[];

  constructor(first: number) {
    this.last = first;
    this.#runs = [0, first];
  }

  /** From before `seq` on; nobody asks for what lies before `head` any more. */
  add(seq: number, leaderEpoch: number, head: number): void {
    this.last = leaderEpoch;
    const runs = this.#runs;
    if (runs.at(-2) === seq) runs[runs.length - 1] = leaderEpoch;
    else runs.push(seq, leaderEpoch);
    while (runs.length > 2 && runs[2]! <= head) runs.splice(0, 2);
  }

  /** Of what lies right before the delivery `seq`. */
  before(seq: number): number {
    let epoch = this.#runs[1]!;
    for (let i = 2; i < this.#runs.length && this.#runs[i]! <= seq; i += 2) epoch = this.#runs[i + 1]!;
    return epoch;
  }
}
