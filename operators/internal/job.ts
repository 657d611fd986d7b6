import type { Subscription } from 'rxjs';
import type { Lease } from '../../src/model/lease.js';
import type { ArrivalList } from './arrival-order.js';
import type { AttemptContext } from './attempt-context.js';
import { FREE_LANE } from './lanes.js';

/** Who drives the jobs. */
export interface JobOwner<S, R> {
  fulfilled(job: Job<S, R>, value: R): void;
  rejected(job: Job<S, R>, error: unknown): void;
}

/**
 * The two callbacks a promise gets. They belong to a job and are reused from record to record, so that nothing is
 * allocated per record. A promise that is still pending when its attempt is given up (timeout) keeps them, with `job`
 * cleared, and the job gets new ones: otherwise the late answer would settle whatever record the job serves by then.
 */
class Answer<S, R> {
  job: Job<S, R> | null;
  readonly fulfilled: (value: R) => void;
  readonly rejected: (error: unknown) => void;

  constructor(owner: JobOwner<S, R>, job: Job<S, R>) {
    this.job = job;
    this.fulfilled = (value) => {
      if (this.job !== null) owner.fulfilled(this.job, value);
    };
    this.rejected = (error) => {
      if (this.job !== null) owner.rejected(this.job, error);
    };
  }
}

/**
 * One element on its way through `processEach`, from `next` until it is handed on. Jobs are pooled, and are their own
 * list nodes: lanes, arrival order and waiting lists link them, so that no queue has to be allocated for a lane.
 */
export class Job<S, R> {
  item: S | null = null;
  lease: Lease | null = null;
  lane: unknown = FREE_LANE;
  laneNext: Job<S, R> | null = null;
  readyNext: Job<S, R> | null = null;
  arrivalList: ArrivalList<S, R> | null = null;
  arrivalNext: Job<S, R> | null = null;
  emitNext: Job<S, R> | null = null;
  livePrevious: Job<S, R> | null = null;
  liveNext: Job<S, R> | null = null;
  duePrevious: Job<S, R> | null = null;
  dueNext: Job<S, R> | null = null;
  deadline = -1;
  attempt = 0;
  context: AttemptContext | null = null;
  /** The inner subscription, back-off timer or failure policy that is under way. */
  work: Subscription | null = null;
  waiting = false;
  done = false;
  /** Results: none, one in `value`, or several in `values`. */
  count = 0;
  value: R | undefined = undefined;
  values: readonly R[] | null = null;
  answer: Answer<S, R>;
  readonly #owner: JobOwner<S, R>;

  constructor(owner: JobOwner<S, R>) {
    this.#owner = owner;
    this.answer = new Answer(owner, this);
  }

  /** A promise holds the callbacks of this attempt and has not answered: they must never reach the job again. */
  disown(): void {
    if (!this.waiting) return;
    this.waiting = false;
    this.answer.job = null;
    this.answer = new Answer(this.#owner, this);
  }

  clear(): void {
    this.item = null;
    this.lease = null;
    this.lane = FREE_LANE;
    this.laneNext = null;
    this.arrivalList = null;
    this.attempt = 0;
    this.context = null;
    this.work = null;
    this.done = false;
    this.count = 0;
    this.value = undefined;
    this.values = null;
  }
}
