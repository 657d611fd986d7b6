import type { Observer, SchedulerLike, Subscriber } from 'rxjs';
import { TimeoutExpiredError } from '../../src/errors/client-errors.js';
import { UsageError } from '../../src/errors/usage-error.js';
import type { Processed } from '../../src/model/consumer-record.js';
import type { Leased } from '../../src/model/lease.js';
import { decide } from '../failure-policy.js';
import { type ArrivalList, ArrivalOrder } from './arrival-order.js';
import { AttemptContext, type ProcessContext } from './attempt-context.js';
import { blame } from './blame.js';
import { pauseMs } from './backoff.js';
import { DeadlineList } from './deadline-list.js';
import { forkLease } from './forked-lease.js';
import type { Job, JobOwner } from './job.js';
import { JobPool } from './job-pool.js';
import { FREE_LANE } from './lanes.js';
import { recordOf, runtimeOf, take } from './leases.js';
import { park } from './parking.js';
import { ReadyQueue } from './ready-queue.js';
import type { ProcessSettings } from './process-settings.js';
import { ProcessedItem } from './processed-item.js';
import { type ProjectResult, collect, promiseOf } from './project-result.js';

/** One subscription of `processEach`. An element moves: lane -> ready -> running -> (order list) -> emitted. */
export class ProcessRun<S, R, Rec> implements Observer<S & Leased>, JobOwner<S, R> {
  readonly #settings: ProcessSettings<S>;
  readonly #project: (item: S, context: ProcessContext) => ProjectResult<R>;
  readonly #downstream: Subscriber<Processed<R, Rec>>;
  readonly #deadlines: DeadlineList<S, R> | null;
  /** The newest job of every lane that has one; the older ones are linked from the running one on. */
  readonly #lanes = new Map<unknown, Job<S, R>>();
  readonly #arrivals: ArrivalOrder<S, R> | null;
  readonly #jobs = new JobPool<S, R>(this);
  #scheduler: SchedulerLike | null = null;
  readonly #ready = new ReadyQueue<S, R>();
  #emitHead: Job<S, R> | null = null;
  #emitTail: Job<S, R> | null = null;
  #running = 0;
  #pumping = false;
  #emitting = false;
  #completed = false;
  #failure: unknown = undefined;
  #closed = false;

  constructor(
    settings: ProcessSettings<S>,
    project: (item: S, context: ProcessContext) => ProjectResult<R>,
    downstream: Subscriber<Processed<R, Rec>>,
  ) {
    this.#settings = settings;
    this.#project = project;
    this.#downstream = downstream;
    this.#arrivals = settings.inOrder && !settings.laneIsPartition ? new ArrivalOrder() : null;
    this.#deadlines =
      settings.timeoutMs === Infinity
        ? null
        : new DeadlineList<S, R>(settings.timeoutMs, (job) => {
            const text = `processEach: no result within timeoutMs (${settings.timeoutMs})`;
            this.#giveUp(job, new TimeoutExpiredError(text));
          });
  }

  next(item: S & Leased): void {
    const lease = item.lease;
    take(lease);
    if (this.#closed) {
      lease.release();
      return;
    }
    let lane: unknown;
    try {
      lane = this.#settings.laneOf(item, lease);
    } catch (error) {
      lease.release(error);
      this.error(error);
      return;
    }
    const job = this.#jobs.open(item, lease);
    job.lane = lane;
    this.#arrivals?.add(job, lease);
    if (lane !== FREE_LANE) {
      const last = this.#lanes.get(lane);
      this.#lanes.set(lane, job);
      if (last !== undefined) {
        last.laneNext = job;
        return;
      }
    }
    this.#ready.push(job);
    this.#pump();
  }

  error(error: unknown): void {
    this.#failure = error;
    this.#downstream.error(error);
  }

  complete(): void {
    this.#completed = true;
    this.#finishIfIdle();
  }

  /** Downstream has left, or the stream has ended: nothing of what is under way is handed on any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadlines?.clear();
    for (let job = this.#jobs.live; job !== null; job = this.#jobs.live) {
      this.#jobs.drop(job);
      this.#deadlines?.remove(job);
      job.context?.abort(this.#failure);
      job.work?.unsubscribe();
      job.disown();
      job.lease!.release(this.#failure);
    }
    this.#lanes.clear();
  }

  fulfilled(job: Job<S, R>, value: R): void {
    job.waiting = false;
    this.#endAttempt(job);
    job.count = 1;
    job.value = value;
    this.#finished(job);
  }

  rejected(job: Job<S, R>, error: unknown): void {
    job.waiting = false;
    this.#endAttempt(job);
    this.#failed(job, error);
  }

  /** Starts what may start. A loop, not recursion: a function that answers at once comes back here while it runs. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#ready.empty && this.#running < this.#settings.concurrency && !this.#closed) {
      const job = this.#ready.take();
      this.#running += 1;
      this.#begin(job);
    }
    this.#pumping = false;
    this.#finishIfIdle();
  }

  #begin(job: Job<S, R>): void {
    const lease = job.lease!;
    // fenced while it waited: the record belongs to somebody else by now, or was sought past
    if (lease.state === 'fenced') {
      this.#finished(job);
      return;
    }
    job.attempt += 1;
    const context = new AttemptContext(job.attempt, lease);
    job.context = context;
    if (this.#deadlines !== null) this.#deadlines.add(job, (this.#scheduler ??= runtimeOf(lease).scheduler));
    let result: ProjectResult<R>;
    try {
      result = this.#project(job.item as S, context);
    } catch (error) {
      // the function may have unsubscribed the stream before it threw
      if (job.context !== context || this.#closed) return;
      this.#endAttempt(job);
      this.#failed(job, error);
      return;
    }
    const promise = promiseOf(result) as Promise<R> | null;
    if (this.#closed) {
      promise?.then(undefined, ignore);
    } else if (promise !== null) {
      job.waiting = true;
      promise.then(job.answer.fulfilled, job.answer.rejected);
    } else if (Array.isArray(result)) {
      this.#endAttempt(job);
      this.#several(job, result as readonly R[]);
    } else {
      this.#collect(job, context, result);
    }
  }

  #collect(job: Job<S, R>, context: AttemptContext, result: unknown): void {
    // the context is the identity of the attempt: the job may serve another record by the time a late answer comes
    const stale = (): boolean => job.context !== context || this.#closed;
    const work = collect(
      result,
      (values) => {
        if (stale()) return;
        this.#endAttempt(job);
        this.#several(job, values as readonly R[]);
      },
      (error) => {
        if (stale()) return;
        this.#endAttempt(job);
        this.#failed(job, error);
      },
    );
    if (stale()) work.unsubscribe();
    else job.work = work;
  }

  #endAttempt(job: Job<S, R>): void {
    this.#deadlines?.remove(job);
    job.context?.end();
    job.context = null;
    job.work = null;
  }

  /** Nobody waits for this attempt any more; it counts as failed. */
  #giveUp(job: Job<S, R>, error: unknown): void {
    const { context, work } = job;
    job.disown();
    this.#endAttempt(job);
    context?.abort(error);
    work?.unsubscribe();
    if (!this.#closed) this.#failed(job, error);
  }

  #failed(job: Job<S, R>, error: unknown): void {
    const { retry, onFailure } = this.#settings;
    const lease = job.lease!;
    // a function that stops because its signal was aborted by a rebalance must not end the stream
    if (lease.state === 'fenced') {
      this.#finished(job);
      return;
    }
    if (error instanceof UsageError) {
      this.#fail(job, error);
      return;
    }
    try {
      if (retry !== null && job.attempt <= retry.attempts && retry.when(error)) {
        const runtime = runtimeOf(lease);
        job.work = runtime.scheduler.schedule(
          () => {
            job.work = null;
            this.#begin(job);
          },
          pauseMs(retry, job.attempt, runtime.random()),
        );
        return;
      }
    } catch (own) {
      this.#fail(job, own);
      return;
    }
    if (onFailure === 'fail') {
      this.#fail(job, error);
    } else if (onFailure === 'skip') {
      this.#finished(job);
    } else if (onFailure === 'park') {
      this.#park(job, error);
    } else {
      const work = decide(onFailure, job.item as S, error, job.attempt, (failed) => {
        if (this.#closed) return;
        job.work = null;
        if (failed === null) this.#finished(job);
        else this.#fail(job, failed.error);
      });
      if (this.#closed) work.unsubscribe();
      else if (!work.closed) job.work = work; // closed: it has decided at once, and the job may serve another record
    }
  }

  /** Out of the workers and of the order of results; still at the head of its lane, which waits. */
  #park(job: Job<S, R>, error: unknown): void {
    const { arrivalList } = job;
    const parking = park(job.item, job.lease!, error, this.#settings.laneIsPartition, {
      retry: () => {
        this.#unparked(job);
        job.attempt = 0;
        this.#ready.push(job);
        this.#pump();
      },
      skip: () => {
        this.#unparked(job);
        this.#running += 1;
        this.#finished(job);
      },
      abandoned: () => {
        this.#abandon(job, error);
      },
    });
    if (parking === null) {
      this.#fail(job, error);
      return;
    }
    this.#running -= 1;
    // closed: abandoned at once, and the job may serve another record
    if (!parking.closed) {
      job.work = parking;
      if (arrivalList !== null) {
        this.#arrivals!.setApart(job, arrivalList);
        this.#emitDone(job, arrivalList);
      }
    }
    this.#pump();
  }

  #unparked(job: Job<S, R>): void {
    job.work = null;
    this.#arrivals?.rejoin(job.lane);
  }

  /** Given up with everything that waits behind it in its lane: the next owner starts there. */
  #abandon(first: Job<S, R>, error: unknown): void {
    if (first.lane !== FREE_LANE) this.#lanes.delete(first.lane);
    this.#unparked(first);
    for (let job: Job<S, R> | null = first; job !== null;) {
      const { laneNext, arrivalList }: Job<S, R> = job;
      job.laneNext = null;
      job.done = true;
      job.lease!.release(error);
      this.#emitDone(job, arrivalList);
      job = laneNext;
    }
    this.#pump();
  }

  #fail(job: Job<S, R>, error: unknown): void {
    blame(error, job.item);
    job.lease!.release(error);
    this.error(error);
  }

  #several(job: Job<S, R>, values: readonly R[]): void {
    job.count = values.length;
    if (values.length === 1) job.value = values[0];
    else job.values = values;
    this.#finished(job);
  }

  /** Settled without a value, or ready to be handed on; the next one of the lane may start. */
  #finished(job: Job<S, R>): void {
    const { lane, laneNext, arrivalList } = job;
    this.#running -= 1;
    job.done = true;
    // out of its lane before its results leave: an element that arrives inside `next` must not be linked to a job that
    // was recycled meanwhile
    if (lane !== FREE_LANE) {
      job.laneNext = null;
      if (laneNext === null) this.#lanes.delete(lane);
      else this.#ready.push(laneNext);
    }
    if (job.count === 0) job.lease!.ack();
    this.#emitDone(job, arrivalList);
    this.#pump();
  }

  /** Everything of its list that is done and next in order; a job without a list waits for nobody. */
  #emitDone(job: Job<S, R>, list: ArrivalList<S, R> | null): void {
    if (list === null) this.#emit(job);
    else
      for (let next = this.#arrivals!.takeDone(list); next !== null; next = this.#arrivals!.takeDone(list))
        this.#emit(next);
  }

  /** Hands on, one after another: an element that arrives while one is handed on (reentrant source) waits its turn. */
  #emit(job: Job<S, R>): void {
    if (this.#emitting) {
      if (this.#emitTail === null) this.#emitHead = job;
      else this.#emitTail.emitNext = job;
      this.#emitTail = job;
      return;
    }
    this.#emitting = true;
    this.#handOn(job);
    while (this.#emitHead !== null && !this.#closed) {
      const next: Job<S, R> = this.#emitHead;
      this.#emitHead = next.emitNext;
      if (this.#emitHead === null) this.#emitTail = null;
      next.emitNext = null;
      this.#handOn(next);
    }
    this.#emitting = false;
  }

  /** The job is free before the value leaves: what follows inside `next` must not find it among those to release. */
  #handOn(job: Job<S, R>): void {
    const { count, value, values, item } = job;
    const lease = job.lease!;
    this.#jobs.recycle(job);
    if (count === 0) return;
    const record = recordOf(item) as Rec;
    if (values === null) {
      this.#downstream.next(new ProcessedItem(value as R, record, lease));
      return;
    }
    forkLease(lease, count).forEach((share, index) => {
      if (this.#downstream.closed) share.release();
      else this.#downstream.next(new ProcessedItem(values[index] as R, record, share));
    });
  }

  #finishIfIdle(): void {
    if (this.#completed && this.#jobs.live === null && !this.#emitting && !this.#closed) this.#downstream.complete();
  }
}

function ignore(): void {
  // the stream has ended, there is no channel left
}
