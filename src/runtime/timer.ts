import { type Cancel } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';

type Scheduled = ReturnType<Runtime['scheduler']['schedule']>;

/** One deadline that can be moved: setting it again replaces the time before. Does nothing after `clear`. */
export class Timer {
  readonly #runtime: Runtime;
  readonly #work: () => void;
  #scheduled: Scheduled | null = null;

  constructor(runtime: Runtime, work: () => void) {
    this.#runtime = runtime;
    this.#work = work;
  }

  get armed(): boolean {
    return this.#scheduled !== null;
  }

  /** @param delayMs - from now, at least 0 */
  set(delayMs: number): void {
    this.clear();
    const scheduled = this.#runtime.scheduler.schedule(() => {
      if (this.#scheduled !== scheduled) return;
      this.#scheduled = null;
      this.#work();
    }, delayMs);
    this.#scheduled = scheduled;
  }

  clear(): void {
    const scheduled = this.#scheduled;
    this.#scheduled = null;
    scheduled?.unsubscribe();
  }
}

/** Runs the work in a turn of its own: never in this stack, and after sockets had a chance to be read. */
export function hop(runtime: Runtime, work: () => void): Cancel {
  const scheduled = runtime.scheduler.schedule(() => {
    work();
  });
  return () => {
    scheduled.unsubscribe();
  };
}
