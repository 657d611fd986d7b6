/** Those who are told the same thing, each as often as it was added, until it is removed or all are cleared. */
export class Listeners<T = undefined> {
  readonly #entries: Set<(value: T) => void> = new Set<(value: T) => void>();

  get size(): number {
    return this.#entries.size;
  }

  /** @returns removes it again */
  add(listener: (value: T) => void): () => void {
    // a function of its own per call: the same listener may be added twice
    const entry = (value: T): void => {
      listener(value);
    };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /**
   * Those that were there when this was called and are still there when it is their turn.
   * @param threw - takes what a listener throws; without it the rest is not told
   */
  tell(value: T, threw?: (error: unknown) => void): void {
    for (const entry of [...this.#entries]) {
      if (!this.#entries.has(entry)) continue;
      if (threw === undefined) {
        entry(value);
        continue;
      }
      try {
        entry(value);
      } catch (error) {
        threw(error);
      }
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}
