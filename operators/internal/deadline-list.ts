import type { SchedulerLike, Subscription } from 'rxjs';
import type { Job } from './job.js';

/**
 * Deadlines of running attempts. They all have the same length, so a list in order of start is in order of deadline and
 * one timer for the oldest is enough; it is left to run out when that one ends early, and then finds the next.
 */
export class DeadlineList<S, R> {
  readonly #ms: number;
  readonly #expired: (job: Job<S, R>) => void;
  #head: Job<S, R> | null = null;
  #tail: Job<S, R> | null = null;
  #timer: Subscription | null = null;

  constructor(ms: number, expired: (job: Job<S, R>) => void) {
    this.#ms = ms;
    this.#expired = expired;
  }

  add(job: Job<S, R>, scheduler: SchedulerLike): void {
    job.deadline = scheduler.now() + this.#ms;
    job.duePrevious = this.#tail;
    if (this.#tail === null) this.#head = job;
    else this.#tail.dueNext = job;
    this.#tail = job;
    if (this.#timer === null) this.#arm(scheduler, this.#ms);
  }

  remove(job: Job<S, R>): void {
    if (job.deadline < 0) return;
    job.deadline = -1;
    if (job.duePrevious === null) this.#head = job.dueNext;
    else job.duePrevious.dueNext = job.dueNext;
    if (job.dueNext === null) this.#tail = job.duePrevious;
    else job.dueNext.duePrevious = job.duePrevious;
    job.duePrevious = null;
    job.dueNext = null;
  }

  clear(): void {
    this.#timer?.unsubscribe();
    this.#timer = null;
  }

  #arm(scheduler: SchedulerLike, delayMs: number): void {
    this.#timer = scheduler.schedule(() => {
      this.#timer = null;
      const now = scheduler.now();
      // `expired` takes the job out, and may add it again with a later deadline
      for (let job = this.#head; job !== null && job.deadline <= now; job = this.#head) this.#expired(job);
      this.#rearm(scheduler, now);
    }, delayMs);
  }

  #rearm(scheduler: SchedulerLike, now: number): void {
    if (this.#head !== null && this.#timer === null) this.#arm(scheduler, this.#head.deadline - now);
  }
}
