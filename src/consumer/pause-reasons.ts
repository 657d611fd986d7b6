/**
 * Why a partition is not delivered: a set of reasons, never a flag, so that one who resumes does not undo another's pause.
 * `add` and `remove` are idempotent; `hold` counts, for holders that do not know of each other.
 */
export class PauseReasons {
  readonly #set: Set<string> = new Set<string>();
  readonly #holds: Map<string, number> = new Map<string, number>();

  get any(): boolean {
    return this.#set.size > 0 || this.#holds.size > 0;
  }
  get names(): ReadonlySet<string> {
    return new Set([...this.#set, ...this.#holds.keys()]);
  }

  /** Somebody holds it: an operator that waits on purpose, not one that is stuck. */
  get held(): boolean {
    return this.#holds.size > 0;
  }

  has(reason: string): boolean {
    return this.#set.has(reason);
  }
  add(reason: string): void {
    this.#set.add(reason);
  }
  remove(reason: string): void {
    this.#set.delete(reason);
  }

  /** The returned function ends the hold, once. */
  hold(reason: string, ended: () => void): () => void {
    this.#holds.set(reason, (this.#holds.get(reason) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = this.#holds.get(reason)! - 1;
      if (left > 0) this.#holds.set(reason, left);
      else this.#holds.delete(reason);
      ended();
    };
  }
}
