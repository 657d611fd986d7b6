/** How soon records of a partition are acknowledged again once the way to its leader is healthy. */
export class RecoveryWatch {
  readonly #since: Float64Array;
  readonly #leaders: readonly number[];
  readonly #calmMs: number;
  readonly #now: () => number;
  readonly #lastAcknowledged: Float64Array;
  readonly #lastFailed: Float64Array;
  readonly violations: string[] = [];
  longestMs = 0;
  /** Times in which a partition was not at work yet, and its broker had itself been too slow for it. */
  excused = 0;

  /**
   * @param leaders - broker id by partition
   * @param calmMs - a healthy way of so long is enough to be at work again
   */
  constructor(leaders: readonly number[], calmMs: number, now = (): number => performance.now()) {
    this.#leaders = leaders;
    this.#calmMs = calmMs;
    this.#now = now;
    this.#since = new Float64Array(leaders.length);
    this.#lastAcknowledged = new Float64Array(leaders.length).fill(-1);
    this.#lastFailed = new Float64Array(leaders.length).fill(-1);
  }

  /** A fault of the way to the broker begins: by now its partitions have to be at work again. */
  begins(broker: number): void {
    for (const partition of this.#partitionsOf(broker)) {
      if (this.#since[partition] === 0) continue;
      const ms = Math.round(this.#now() - this.#since[partition]!);
      if (ms < this.#calmMs) this.excused++;
      else this.violations.push(`partition ${partition}: nothing acknowledged for ${ms} ms of a healthy way`);
      this.#since[partition] = 0;
    }
  }

  ends(broker: number): void {
    for (const partition of this.#partitionsOf(broker)) this.#since[partition] = this.#now();
  }

  /** The broker does not answer in time, whatever the way to it: a client cannot be at work with it before it does. */
  slow(broker: number): void {
    for (const partition of this.#partitionsOf(broker)) {
      if (this.#since[partition] !== 0) this.#since[partition] = this.#now();
    }
  }

  acknowledged(partition: number, id: number): void {
    if (id > this.#lastAcknowledged[partition]!) this.#lastAcknowledged[partition] = id;
    const since = this.#since[partition]!;
    if (since === 0) return;
    this.longestMs = Math.max(this.longestMs, this.#now() - since);
    this.#since[partition] = 0;
  }

  failed(partition: number, id: number): void {
    if (id > this.#lastFailed[partition]!) this.#lastFailed[partition] = id;
  }

  /** Every failure of a partition is followed by an acknowledgement of a later record. */
  end(): void {
    for (const [partition, failed] of this.#lastFailed.entries()) {
      if (failed > this.#lastAcknowledged[partition]!) {
        this.violations.push(`partition ${partition}: nothing was acknowledged after the failure of record ${failed}`);
      }
    }
  }

  *#partitionsOf(broker: number): Generator<number> {
    for (const [partition, leader] of this.#leaders.entries()) if (leader === broker) yield partition;
  }
}
