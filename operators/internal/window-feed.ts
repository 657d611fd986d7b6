import { Observable, type Subscriber, type Subscription } from 'rxjs';
import { UsageError } from '../../src/errors/usage-error.js';
import type { LeaseOwner } from '../../src/model/lease.js';

/**
 * What the project function of `transaction` reads: one reader, once. Elements that come before it subscribes wait, those that
 * it leaves behind are taken back.
 */
export class WindowFeed<S> {
  readonly window$: Observable<S>;
  /** Elements handed to the reader. */
  handed = 0;
  readonly #scheduler: LeaseOwner['runtime']['scheduler'];
  #waiting: S[] = [];
  #reader: Subscriber<S> | null = null;
  #flush: Subscription | null = null;
  #subscribed = false;
  #complete = false;

  constructor(scheduler: LeaseOwner['runtime']['scheduler']) {
    this.#scheduler = scheduler;
    this.window$ = new Observable((reader) => this.#subscribe(reader));
  }

  /** The reader has had enough: nothing more is handed to it. */
  get left(): boolean {
    return this.#subscribed && this.#reader === null;
  }

  next(item: S): void {
    if (this.#reader === null || this.#flush !== null) {
      this.#waiting.push(item);
      return;
    }
    this.handed += 1;
    this.#reader.next(item);
  }

  complete(): void {
    this.#complete = true;
    if (this.#flush === null) this.#reader?.complete();
  }

  /** What the reader did not take, in order. */
  takeBack(): readonly S[] {
    const items = this.#waiting;
    this.#waiting = [];
    return items;
  }

  #subscribe(reader: Subscriber<S>): (() => void) | undefined {
    if (this.#subscribed) {
      const text =
        'transaction: window$ is read once, give every arm each element with fanOut(...), and leave retries to onAbort';
      reader.error(new UsageError(text));
      return undefined;
    }
    this.#subscribed = true;
    this.#reader = reader;
    if (this.#waiting.length > 0 || this.#complete) {
      this.#flush = this.#scheduler.schedule(() => {
        this.#flushed(reader);
      });
    }
    return () => {
      this.#reader = null;
      this.#flush?.unsubscribe();
    };
  }

  #flushed(reader: Subscriber<S>): void {
    const items = this.#waiting;
    let taken = 0;
    while (taken < items.length && !reader.closed) {
      this.handed += 1;
      reader.next(items[taken++]!);
    }
    items.splice(0, taken);
    this.#flush = null;
    if (this.#complete) reader.complete();
  }
}
