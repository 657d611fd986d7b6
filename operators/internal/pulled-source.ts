import type { Observer } from 'rxjs';
import type { Leased } from '../../src/model/lease.js';
import { releaseOf } from './gate.js';
import { take } from './leases.js';
import { OwnerWatch } from './owner-watch.js';
import { RefQueue } from './ref-queue.js';

interface Asker<S> {
  readonly resolve: (result: IteratorResult<S, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const over = { done: true, value: undefined } as const;

/**
 * A leased stream that is asked for its elements one by one. What arrives before it is asked for waits, taken and bounded by
 * the window. Nobody has seen what waits, so it is given back when its partition goes (see Gate) or when the reader leaves.
 */
export class PulledSource<S extends Leased> implements Observer<S> {
  readonly #acknowledge: boolean;
  readonly #leave: () => void;
  readonly #watch: OwnerWatch;
  #waiting = new RefQueue<S>();
  readonly #askers = new RefQueue<Asker<S>>();
  /** Handed out, and not acknowledged by the next question yet. */
  #handedOut: S[] = [];
  #end: 'complete' | { readonly error: unknown } | null = null;

  /** `leave` unsubscribes the source. */
  constructor(acknowledge: boolean, leave: () => void) {
    this.#acknowledge = acknowledge;
    this.#leave = leave;
    this.#watch = new OwnerWatch((owner, why) => {
      if (why !== 'windowFull' && this.#end === null) this.#waiting = releaseOf(owner, this.#waiting);
    });
  }

  /** Answers with the next element; what was handed out before this question is done. */
  ask(asker: Asker<S>): void {
    const done = this.#handedOut;
    if (this.#acknowledge && done.length > 0) {
      this.#handedOut = [];
      for (const { lease } of done) lease.ack();
    }
    while (this.#waiting.length > 0) {
      const item = this.#waiting.take();
      if (item.lease.state === 'fenced') continue;
      this.#handOut(asker, item);
      return;
    }
    if (this.#end === null) {
      this.#askers.push(asker);
    } else if (this.#end === 'complete') {
      asker.resolve(over);
    } else {
      const { error } = this.#end;
      this.#end = 'complete';
      asker.reject(error);
    }
  }

  next(item: S): void {
    take(item.lease);
    if (this.#end !== null) {
      item.lease.release();
    } else if (this.#askers.length > 0) {
      this.#handOut(this.#askers.take(), item);
    } else {
      this.#watch.see(item.lease);
      if (this.#watch.isLeaving(item.lease)) item.lease.release();
      else this.#waiting.push(item);
    }
  }

  error(error: unknown): void {
    this.#ended({ error });
    if (this.#askers.length === 0) return;
    this.#end = 'complete';
    this.#askers.take().reject(error);
    this.#answerAll();
  }

  complete(): void {
    this.#ended('complete');
    this.#answerAll();
  }

  /** The reader leaves: what it did not ask beyond is not done. */
  stop(): void {
    this.#ended('complete');
    this.#leave();
    for (const { lease } of this.#handedOut) lease.release();
    this.#handedOut = [];
    while (this.#waiting.length > 0) this.#waiting.take().lease.release();
    this.#answerAll();
  }

  #ended(end: 'complete' | { readonly error: unknown }): void {
    this.#end = end;
    this.#watch.close();
  }

  #answerAll(): void {
    while (this.#askers.length > 0) this.#askers.take().resolve(over);
  }

  #handOut(asker: Asker<S>, item: S): void {
    if (this.#acknowledge) this.#handedOut.push(item);
    asker.resolve({ done: false, value: item });
  }
}
