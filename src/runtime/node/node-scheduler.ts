import { Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs';

/**
 * One piece of scheduled work. Without delay it runs in the check phase, after sockets were read: a microtask would starve
 * them. Timers never keep the process alive; `Runtime.keepAlive` does.
 */
class NodeAction<T> extends Subscription implements SchedulerAction<T> {
  readonly #work: (this: SchedulerAction<T>, state?: T) => void;
  #immediate: NodeJS.Immediate | null = null;
  #timeout: NodeJS.Timeout | null = null;

  constructor(work: (this: SchedulerAction<T>, state?: T) => void) {
    super();
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.#clear();
    if (delay > 0) {
      this.#timeout = setTimeout(() => {
        this.#timeout = null;
        this.#work(state);
      }, delay);
      this.#timeout.unref();
    } else {
      this.#immediate = setImmediate(() => {
        this.#immediate = null;
        this.#work(state);
      });
    }
    return this;
  }

  override unsubscribe(): void {
    if (this.closed) return;
    this.#clear();
    super.unsubscribe();
  }

  #clear(): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#immediate = null;
    this.#timeout = null;
  }
}

/** The scheduler of the node runtime; its zero-delay hop is a macrotask. */
export const nodeScheduler: SchedulerLike = Object.freeze({
  now: () => performance.now(),
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    return new NodeAction(work).schedule(state, delay);
  },
});
