import type { Lease } from '../../src/model/lease.js';
import { Job, type JobOwner } from './job.js';

const SPARE_LIMIT = 4096;

/** Jobs at work, in a list to find them when everything ends, and spare ones to use again. */
export class JobPool<S, R> {
  readonly #owner: JobOwner<S, R>;
  #live: Job<S, R> | null = null;
  #spare: Job<S, R> | null = null;
  #spares = 0;

  constructor(owner: JobOwner<S, R>) {
    this.#owner = owner;
  }

  get live(): Job<S, R> | null {
    return this.#live;
  }

  open(item: S, lease: Lease): Job<S, R> {
    let job = this.#spare;
    if (job === null) {
      job = new Job<S, R>(this.#owner);
    } else {
      this.#spare = job.liveNext;
      this.#spares -= 1;
    }
    job.item = item;
    job.lease = lease;
    job.liveNext = this.#live;
    if (this.#live !== null) this.#live.livePrevious = job;
    this.#live = job;
    return job;
  }

  /** Out of the list, not to be used again: a late answer may still hold it. */
  drop(job: Job<S, R>): void {
    if (job.livePrevious === null) this.#live = job.liveNext;
    else job.livePrevious.liveNext = job.liveNext;
    if (job.liveNext !== null) job.liveNext.livePrevious = job.livePrevious;
    job.livePrevious = null;
    job.liveNext = null;
  }

  recycle(job: Job<S, R>): void {
    this.drop(job);
    job.clear();
    if (this.#spares >= SPARE_LIMIT) return;
    this.#spares += 1;
    job.liveNext = this.#spare;
    this.#spare = job;
  }
}
