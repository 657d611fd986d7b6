/**
 * How long requests wait for each other, milliseconds from the first one of the transaction on: as long as a broker tries to
 * add partitions by itself (add.partitions.to.txn.retry.backoff.max.ms).
 */
const patienceMs = 100;

/**
 * Which brokers are in the open transaction, in the newer protocol (KIP-890). With the first batches that a leader gets it asks the
 * transaction coordinator to add their partitions, and the coordinator takes one such request at a time: another leader's
 * that comes while the first one is written to the log is refused, and that broker asks again 20 ms later. Three leaders at once
 * take 25, 45 and 65 ms, one after the other 5, 10 and 15 ms. So brokers enter one after the other; one that does not answer holds
 * the others up for `patienceMs` at most, once per transaction.
 */
export class EntryOrder {
  /** Nodes that have answered. */
  #entered: number[] = [];
  /** Asked and not answered, -1 for none. */
  #entering = -1;
  /** Runtime.now() from which nobody waits any more. */
  #until = -1;

  begin(): void {
    this.#entered = [];
    this.#entering = -1;
    this.#until = -1;
  }

  /** Runtime.now() until which requests to that broker wait, unless the one that is entering answers before; 0 when they do not. */
  waitUntil(nodeId: number): number {
    if (this.#entering < 0 || this.#entering === nodeId || this.#entered.includes(nodeId)) return 0;
    return this.#until;
  }

  /** A request is on its way. */
  sent(nodeId: number, now: number): void {
    if (this.#entering >= 0 || this.#entered.includes(nodeId)) return;
    this.#entering = nodeId;
    if (this.#until < 0) this.#until = now + patienceMs;
  }

  /**
   * The request was answered, or will not be.
   * @returns whether others may have waited for that
   */
  answered(nodeId: number, error: unknown): boolean {
    if (error === null && !this.#entered.includes(nodeId)) this.#entered.push(nodeId);
    if (this.#entering !== nodeId) return false;
    this.#entering = -1;
    return true;
  }
}
