import type { Job } from './job.js';

/** Jobs that may start, in order; linked through the jobs themselves. */
export class ReadyQueue<S, R> {
  #head: Job<S, R> | null = null;
  #tail: Job<S, R> | null = null;

  get empty(): boolean {
    return this.#head === null;
  }

  push(job: Job<S, R>): void {
    if (this.#tail === null) this.#head = job;
    else this.#tail.readyNext = job;
    this.#tail = job;
  }

  /** Only while it is not empty. */
  take(): Job<S, R> {
    const job = this.#head!;
    this.#head = job.readyNext;
    if (this.#head === null) this.#tail = null;
    job.readyNext = null;
    return job;
  }
}
