/** One place in the list; empty once it was removed. */
interface Entry<T> {
  listener: ((value: T) => void) | null;
}

/**
 * Those who are told the same thing, each as often as it was added, until it is removed or all are cleared.
 *
 * Where listeners come and go for ever, what was removed must not be referred to: a list outlives many of them, and the
 * collector keeps everything young that something old refers to, even if the old one is garbage. A `Set` is such an old one: when
 * it is cleared or grows, its former table keeps its entries and a reference to the next table, so that each
 * transaction, with all its records, would live until the next full collection.
 */
export class Listeners<T = undefined> {
  #entries: readonly Entry<T>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** @returns removes it again */
  add(listener: (value: T) => void): () => void {
    const entry: Entry<T> = { listener };
    this.#entries = [...this.#entries, entry];
    return () => {
      if (entry.listener === null) return;
      entry.listener = null;
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  /**
   * Those that were there when this was called and are still there when it is their turn.
   * @param threw - takes what a listener throws; without it the rest is not told
   */
  tell(value: T, threw?: (error: unknown) => void): void {
    for (const entry of this.#entries) {
      if (threw === undefined) {
        entry.listener?.(value);
        continue;
      }
      try {
        entry.listener?.(value);
      } catch (error) {
        threw(error);
      }
    }
  }

  clear(): void {
    for (const entry of this.#entries) entry.listener = null;
    this.#entries = [];
  }
}
