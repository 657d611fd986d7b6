/** The abort signals of one delivery epoch's leases, made for those who asked; record leases by their sequence, ranges by -1 - first. */
export class LeaseSignals {
  readonly #controllers: Map<number, AbortController> = new Map<number, AbortController>();

  /** @param open - a settled lease is never fenced: then there is nothing to remember */
  of(key: number, open: boolean): AbortSignal {
    let controller = this.#controllers.get(key);
    if (controller === undefined) {
      controller = new AbortController();
      if (open) this.#controllers.set(key, controller);
    }
    return controller.signal;
  }

  settled(key: number): void {
    this.#controllers.delete(key);
  }

  /** Those whose lease was fenced; listeners of a signal may call anything. */
  abort(isFenced: (seq: number) => boolean): void {
    for (const [key, controller] of [...this.#controllers]) {
      if (!isFenced(key < 0 ? -1 - key : key)) continue;
      this.#controllers.delete(key);
      controller.abort();
    }
  }
}
