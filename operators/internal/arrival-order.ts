import type { Lease, LeaseOwner } from '../../src/model/lease.js';
import type { Job } from './job.js';

/** Jobs of one partition that were not handed on, in order of arrival. */
export interface ArrivalList<S, R> {
  readonly owner: LeaseOwner | null;
  head: Job<S, R> | null;
  tail: Job<S, R> | null;
}

/** The arrival lists of all partitions; elements whose lease covers several partitions share one list. */
export class ArrivalOrder<S, R> {
  readonly #lists = new Map<LeaseOwner | null, ArrivalList<S, R>>();
  #latest: ArrivalList<S, R> | null = null;

  add(job: Job<S, R>, lease: Lease): void {
    const owner = lease.partitions.length === 1 ? lease.partitions[0]! : null;
    const latest = this.#latest;
    const list = latest !== null && latest.owner === owner ? latest : this.#find(owner);
    job.arrivalList = list;
    if (list.tail === null) list.head = job;
    else list.tail.arrivalNext = job;
    list.tail = job;
  }

  /** The oldest job of the list, taken off, when it is done; else null. */
  takeDone(list: ArrivalList<S, R>): Job<S, R> | null {
    const job = list.head;
    if (job?.done !== true) return null;
    list.head = job.arrivalNext;
    job.arrivalNext = null;
    if (list.head === null) {
      list.tail = null;
      // one list per assignment of a partition, for as long as it is in use
      if (list !== this.#latest) this.#lists.delete(list.owner);
    }
    return job;
  }

  #find(owner: LeaseOwner | null): ArrivalList<S, R> {
    let list = this.#lists.get(owner);
    if (list === undefined) {
      list = { owner, head: null, tail: null };
      this.#lists.set(owner, list);
    }
    const left = this.#latest;
    if (left !== null && left.head === null) this.#lists.delete(left.owner);
    this.#latest = list;
    return list;
  }
}
