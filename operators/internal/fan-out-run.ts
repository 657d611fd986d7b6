import { Observable, type Observer, type Subscriber, defer } from 'rxjs';
import { UsageError } from '../../src/errors/usage-error.js';
import type { Leased } from '../../src/model/lease.js';
import { withLease } from './arm-item.js';
import { type ForkedLease, forkLease } from './forked-lease.js';
import { take } from './leases.js';
import { link } from './link.js';
import { RefQueue } from './ref-queue.js';

/** What an arm is given: the stream of all elements, under leases of its own. */
export type ArmFunction<S> = (items$: Observable<S>) => Observable<unknown>;

/** How the source ended, null while it has not. */
type End = { readonly error: unknown } | 'complete';

/** One receiver. It is at work until what its function returned completes; while it listens to nothing, elements wait. */
class Arm<S extends Leased> {
  isOver = false;
  readonly items$: Observable<S>;
  #subscriber: Subscriber<S> | null = null;
  #waiting: RefQueue<S> | null = null;
  #end: End | null = null;

  constructor() {
    this.items$ = new Observable((subscriber) => {
      if (this.#subscriber !== null) {
        subscriber.error(new UsageError('fanOut: an arm subscribed twice at a time, give each its own arm'));
        return;
      }
      this.#subscriber = subscriber;
      subscriber.add(() => {
        if (this.#subscriber === subscriber) this.#subscriber = null;
      });
      this.#catchUp(subscriber);
    });
  }

  give(item: S): void {
    if (this.isOver) {
      item.lease.ack();
    } else if (this.#subscriber !== null && this.#waiting === null) {
      this.#subscriber.next(item);
    } else {
      take(item.lease);
      (this.#waiting ??= new RefQueue()).push(item);
    }
  }

  end(end: End): void {
    this.#end = end;
    if (this.#subscriber !== null && this.#waiting === null) this.#tell(this.#subscriber, end);
  }

  /** It needs nothing any more: for its part what waits is done. */
  finish(): void {
    this.isOver = true;
    this.#settleWaiting((item) => item.lease.ack());
  }

  close(): void {
    this.isOver = true;
    this.#settleWaiting((item) => item.lease.release());
  }

  #settleWaiting(settle: (item: S) => void): void {
    while (this.#waiting !== null && this.#waiting.length > 0) settle(this.#waiting.take());
    this.#waiting = null;
  }

  /** `#waiting` stays set meanwhile: what arrives in the middle queues up behind it. */
  #catchUp(subscriber: Subscriber<S>): void {
    const waiting = this.#waiting;
    if (waiting !== null) {
      while (waiting.length > 0) {
        if (this.#subscriber !== subscriber) return;
        subscriber.next(waiting.take());
      }
      this.#waiting = null;
    }
    if (this.#end !== null && this.#subscriber === subscriber) this.#tell(subscriber, this.#end);
  }

  #tell(subscriber: Subscriber<S>, end: End): void {
    if (end === 'complete') subscriber.complete();
    else subscriber.error(end.error);
  }
}

/**
 * One subscription of `fanOut`. Each element is given to every arm that is still at work, under its share of the lease; with
 * one arm left it goes there as it is.
 *
 * Race: downstream leaves, or an arm fails, while shares are on their way. A share that an operator took settles by itself.
 * One that a plain operator dropped never would, and with it the lease, which the other shares hold as taken: a drain
 * would wait for it until its deadline. So open shares that nobody took are released then, as the consumer does with records
 * that nobody took. `#shared` remembers them, oldest first, up to the oldest lease that is not over.
 */
export class FanOutRun<S extends Leased> implements Observer<S> {
  readonly #functions: readonly ArmFunction<S>[];
  readonly #downstream: Subscriber<unknown>;
  readonly #arms: readonly Arm<S>[];
  readonly #shared = new RefQueue<readonly ForkedLease[]>();
  #oldest: readonly ForkedLease[] | null = null;
  #queue: RefQueue<S> | null = null;
  /** Those still at work; replaced, never changed, so that a round under way keeps its own. */
  #live: readonly Arm<S>[];
  #giving = false;
  #atWork: number;
  #closed = false;

  constructor(functions: readonly ArmFunction<S>[], downstream: Subscriber<unknown>) {
    this.#functions = functions;
    this.#downstream = downstream;
    this.#arms = functions.map(() => new Arm<S>());
    this.#live = this.#arms;
    this.#atWork = functions.length;
  }

  /** Arms listen before the source speaks. */
  open(): void {
    this.#arms.forEach((arm, index) => {
      const out$ = defer(() => this.#functions[index]!(arm.items$));
      link(out$, this.#downstream, {
        next: (value) => {
          this.#downstream.next(value);
        },
        error: (error: unknown) => {
          this.#downstream.error(error);
        },
        complete: () => {
          arm.finish();
          this.#live = this.#live.filter((other) => other !== arm);
          this.#atWork -= 1;
          if (this.#atWork === 0) this.#downstream.complete();
        },
      });
    });
  }

  next(item: S): void {
    if (this.#giving) {
      // pushed to inside `next`: every arm is to see the same order
      take(item.lease);
      (this.#queue ??= new RefQueue()).push(item);
      return;
    }
    this.#giving = true;
    this.#give(item);
    while (this.#queue !== null && this.#queue.length > 0) this.#give(this.#queue.take());
    this.#giving = false;
  }

  error(error: unknown): void {
    this.#end({ error });
  }

  complete(): void {
    this.#end('complete');
  }

  close(): void {
    this.#closed = true;
    while (this.#queue !== null && this.#queue.length > 0) this.#queue.take().lease.release();
    for (const arm of this.#arms) arm.close();
    // all arms are done: what they have handed on belongs to those behind them
    if (this.#atWork === 0) return;
    while (this.#oldest !== null) {
      for (const share of this.#oldest) if (!share.taken) share.release();
      this.#shift();
    }
  }

  #give(item: S): void {
    const arms = this.#live;
    if (arms.length === 1) {
      arms[0]!.give(item);
      return;
    }
    const shares = forkLease(item.lease, arms.length);
    this.#remember(shares);
    for (let index = 0; index < arms.length; index += 1) {
      const share = shares[index]!;
      if (this.#closed) share.release();
      else arms[index]!.give(withLease(item, share));
    }
  }

  #remember(shares: readonly ForkedLease[]): void {
    while (this.#oldest !== null && this.#oldest[0]!.isOver) this.#shift();
    if (this.#oldest === null) this.#oldest = shares;
    else this.#shared.push(shares);
  }

  #shift(): void {
    this.#oldest = this.#shared.length > 0 ? this.#shared.take() : null;
  }

  #end(end: End): void {
    for (const arm of this.#arms) if (!this.#closed && !arm.isOver) arm.end(end);
  }
}
