/**
 * Why a partition is not delivered: a set of reasons, never a flag, so that one who resumes does not undo another's pause.
 * `add` and `remove` are idempotent; `hold` counts, for holders that do not know of each other.
 */
export class PauseReasons {
  readonly #set: Set<string> = new Set<string>();
  readonly #holds: Map<string, number> = new Map<string, number>();
  /** Reasons that only say what is going on and do not stop delivery. */
  readonly #notes: Map<string, number> = new Map<string, number>();

  get any(): boolean {
    return this.#set.size > 0 || this.#holds.size > 0;
  }
  get names(): ReadonlySet<string> {
    return new Set([...this.#set, ...this.#holds.keys(), ...this.#notes.keys()]);
  }

  /** An operator waits on purpose (a hold, or a note that something is parked), it is not stuck. */
  get held(): boolean {
    return this.#holds.size > 0 || this.#notes.size > 0;
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
    return count(this.#holds, reason, ended);
  }

  /** As `hold`, but delivery goes on. */
  note(reason: string): () => void {
    return count(this.#notes, reason, () => undefined);
  }
}

function count(holders: Map<string, number>, reason: string, ended: () => void): () => void {
  holders.set(reason, (holders.get(reason) ?? 0) + 1);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    const left = holders.get(reason)! - 1;
    if (left > 0) holders.set(reason, left);
    else holders.delete(reason);
    ended();
  };
}
