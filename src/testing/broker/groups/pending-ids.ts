import { type Runtime } from '../../../model/runtime.js';
import { Timer } from '../../../runtime/timer.js';

/** Member ids given out by MEMBER_ID_REQUIRED (KIP-394), until they are used or their session is over. @internal */
export class PendingIds {
  readonly #runtime: Runtime;
  readonly #timers = new Map<string, Timer>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get size(): number {
    return this.#timers.size;
  }

  add(id: string, timeoutMs: number, expired: () => void): void {
    const timer = new Timer(this.#runtime, () => {
      this.#timers.delete(id);
      expired();
    });
    this.#timers.set(id, timer);
    timer.set(timeoutMs);
  }

  /** Whether it was pending; it is not any more. */
  take(id: string): boolean {
    this.#timers.get(id)?.clear();
    return this.#timers.delete(id);
  }

  clear(): void {
    for (const timer of this.#timers.values()) timer.clear();
    this.#timers.clear();
  }
}
