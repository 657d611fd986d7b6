/** Why a partition asks its operators to let go of what they gather. */
export type Pressure = 'windowFull' | 'revoking' | 'draining' | 'lost';

/** Those who gather leases of one partition; told before the window, a revocation or a drain would wait for them. */
export class PressureListeners {
  readonly #listeners: Set<(why: Pressure) => void> = new Set<(why: Pressure) => void>();

  add(listener: (why: Pressure) => void): () => void {
    // a function of its own per call: the same listener may be added twice
    const entry = (why: Pressure): void => {
      listener(why);
    };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  tell(why: Pressure): void {
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) listener(why);
  }

  clear(): void {
    this.#listeners.clear();
  }
}
