/**
 * The fetched bytes that one consumer may keep in memory, over all brokers. What counts are whole fetch answers until the last
 * of their batches is settled, because a view of one record keeps the whole answer alive, and the bytes that fetches on
 * their way may bring.
 */
export class FrameBudget {
  readonly limit: number;
  #held = 0;
  #reserved = 0;
  /** Called whenever room comes back: every source that waits has to look again. */
  readonly #onRoom: () => void;

  constructor(limit: number, onRoom: () => void) {
    this.limit = limit;
    this.#onRoom = onRoom;
  }

  get held(): number {
    return this.#held;
  }
  get reserved(): number {
    return this.#reserved;
  }
  /** May be negative: the first batch of an answer comes whatever the limit of its fetch says. */
  get available(): number {
    return this.limit - this.#held - this.#reserved;
  }

  reserve(bytes: number): void {
    this.#reserved += bytes;
  }

  unreserve(bytes: number): void {
    this.#reserved -= bytes;
    this.#onRoom();
  }

  hold(bytes: number): void {
    this.#held += bytes;
  }

  free(bytes: number): void {
    this.#held -= bytes;
    this.#onRoom();
  }
}

/** One fetch answer in memory. Counted from the first batch that keeps it to the last one that lets it go. */
export class Frame {
  readonly bytes: number;
  readonly #budget: FrameBudget;
  #holders = 0;

  constructor(budget: FrameBudget, bytes: number) {
    this.#budget = budget;
    this.bytes = bytes;
  }

  retain(): void {
    if (this.#holders++ === 0) this.#budget.hold(this.bytes);
  }

  release(): void {
    if (--this.#holders === 0) this.#budget.free(this.bytes);
  }

  /** Decompressed records live beside the frame. */
  grow(bytes: number): void {
    this.#budget.hold(bytes);
  }

  shrink(bytes: number): void {
    this.#budget.free(bytes);
  }
}
