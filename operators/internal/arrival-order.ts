import type { Lease, LeaseOwner } from '../../src/model/lease.js';
import type { Job } from './job.js';
import { FREE_LANE } from './lanes.js';

/** Jobs of one partition that were not handed on, in order of arrival. */
export interface ArrivalList<S, R> {
  readonly owner: LeaseOwner | null;
  head: Job<S, R> | null;
  tail: Job<S, R> | null;
}

/** The arrival lists of all partitions; elements whose lease covers several partitions share one list. */
export class ArrivalOrder<S, R> {
  readonly #lists = new Map<LeaseOwner | null, ArrivalList<S, R>>();
  /** Lanes that wait behind a parked job. */
  readonly #apart = new Set<unknown>();
  #latest: ArrivalList<S, R> | null = null;

  add(job: Job<S, R>, lease: Lease): void {
    if (this.#apart.size > 0 && this.#apart.has(job.lane)) return;
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

  /**
   * Takes a parked job out of the order with everything of its lane, so that those of other lanes do not wait for them; what
   * arrives in that lane until `rejoin` has no place in the order either. The lane itself keeps its own.
   */
  setApart(parked: Job<S, R>, list: ArrivalList<S, R>): void {
    if (parked.lane !== FREE_LANE) this.#apart.add(parked.lane);
    for (let job: Job<S, R> | null = parked; job !== null; job = job.laneNext) this.#remove(job, list);
  }

  rejoin(lane: unknown): void {
    this.#apart.delete(lane);
  }

  /** Costs the length of the list. */
  #remove(job: Job<S, R>, list: ArrivalList<S, R>): void {
    let before: Job<S, R> | null = null;
    for (let at = list.head; at !== job; at = before.arrivalNext) {
      // in the list of another partition: it waits where it is, its lane is one over several partitions
      if (at === null) return;
      before = at;
    }
    if (before === null) list.head = job.arrivalNext;
    else before.arrivalNext = job.arrivalNext;
    if (list.tail === job) list.tail = before;
    job.arrivalNext = null;
    job.arrivalList = null;
    if (list.head === null && list !== this.#latest) this.#lists.delete(list.owner);
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
