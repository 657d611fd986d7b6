import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { UsageError } from '../errors/usage-error.js';
import type { Runtime } from '../model/runtime.js';

/** Virtual time for the client's own machinery: frames are milliseconds, chance is always the middle. */
export function testRuntime(scheduler: SchedulerLike): Runtime {
  return {
    scheduler,
    now: () => scheduler.now(),
    wallClock: () => scheduler.now(),
    random: () => 0.5,
    connect: () => {
      throw new UsageError('A scripted client connects to nothing');
    },
  };
}

/**
 * Time for what ticks as long as it lives. A run of marbles ends when nothing is scheduled any more; ticks alone do not keep it
 * going, as they do not keep a process in production.
 */
export class BackgroundScheduler implements SchedulerLike {
  readonly #scheduler: TestScheduler;
  #ticks = 0;

  constructor(scheduler: TestScheduler) {
    this.#scheduler = scheduler;
  }

  now(): number {
    return this.#scheduler.now();
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay?: number, state?: T): Subscription {
    const idle = (): boolean => this.#scheduler.actions.length <= this.#ticks;
    let waiting = true;
    const over = (): void => {
      if (waiting) this.#ticks--;
      waiting = false;
    };
    this.#ticks++;
    const scheduled = this.#scheduler.schedule<T>(
      function (given) {
        over();
        if (!idle()) work.call(this, given);
      },
      delay,
      state,
    );
    scheduled.add(over);
    return scheduled;
  }
}
