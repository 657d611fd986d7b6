/** How long the first rebalance of an empty group waits for more members (group.initial.rebalance.delay.ms). @internal */
export class InitialDelay {
  readonly #delayMs: number;
  #leftMs = 0;
  #added = false;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** @returns the milliseconds of the first wait */
  begin(rebalanceTimeoutMs: number): number {
    this.#leftMs = Math.max(rebalanceTimeoutMs - this.#delayMs, 0);
    this.#added = false;
    return this.#delayMs;
  }

  memberAdded(): void {
    this.#added = true;
  }

  /** A wait has ended: the next one when somebody came meanwhile, 0 when the rebalance is to go on. */
  next(): number {
    if (!this.#added || this.#leftMs === 0) return 0;
    const wait = Math.min(this.#delayMs, this.#leftMs);
    this.#added = false;
    this.#leftMs -= wait;
    return wait;
  }
}
