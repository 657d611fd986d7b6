import { Observable, type Subscriber, type Subscription, asyncScheduler } from 'rxjs';
import type { Delivery, RecordSink } from '../src/model/record-sink.js';
import { invalid } from './internal/options.js';
import type { ProduceResult } from './internal/produce-result.js';
import { ProduceRun, type PullSource } from './internal/produce-run.js';
import { closeIterator } from './internal/project-result.js';
import { type ProduceOptions, resolveProduce } from './produce.js';

/** Elements pulled in one go, before sockets and timers get their turn. */
const SLICE = 10_000;

/**
 * Writes a record for each element of an iterable and emits where it was written, in order. Cold: each subscription
 * iterates anew. Elements are pulled only while the sink has room, so the iterable may be endless. When the
 * stream ends early, the iterator's `return()` is called.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * produceFrom(readLines(file), producer, line => ({ topic: 'lines', value: line })).subscribe()
 * ```
 * @public
 */
export function produceFrom<T, K, V>(
  items: Iterable<T> | AsyncIterable<T>,
  sink: RecordSink<K, V>,
  toRecord: (item: T) => ProduceResult<NoInfer<K>, NoInfer<V>>,
  options?: ProduceOptions<NoInfer<T>>,
): Observable<Delivery<T>> {
  const settings = resolveProduce<T>('produceFrom', sink, toRecord, options);
  const kinds = items as Partial<Iterable<T> & AsyncIterable<T>> | null | undefined;
  if (typeof kinds?.[Symbol.iterator] !== 'function' && typeof kinds?.[Symbol.asyncIterator] !== 'function') {
    throw invalid('produceFrom', 'items', items, 'it must be iterable');
  }
  return new Observable((downstream) => {
    const run = new ProduceRun<T, K, V>(sink, toRecord, settings, downstream);
    // a hop: nothing may be emitted in the stack of subscribe, not even the completion of an empty iterable
    const start = asyncScheduler.schedule(() => {
      const source = openSource(items, run, downstream);
      if (source === null) return;
      run.open(source);
      run.refill();
    });
    downstream.add(start);
    downstream.add(() => {
      run.close();
    });
  });
}

function openSource<T, K, V>(
  items: Iterable<T> | AsyncIterable<T>,
  run: ProduceRun<T, K, V>,
  downstream: Subscriber<Delivery<T>>,
): PullSource | null {
  try {
    return Symbol.asyncIterator in items
      ? new AsyncSource(items[Symbol.asyncIterator](), run, downstream)
      : new SyncSource(items[Symbol.iterator](), run, downstream);
  } catch (error) {
    downstream.error(error);
    return null;
  }
}

class SyncSource<T, K, V> implements PullSource {
  readonly #iterator: Iterator<T>;
  readonly #run: ProduceRun<T, K, V>;
  readonly #downstream: Subscriber<Delivery<T>>;
  #over = false;
  #pulled = 0;
  #pause: Subscription | null = null;

  constructor(iterator: Iterator<T>, run: ProduceRun<T, K, V>, downstream: Subscriber<Delivery<T>>) {
    this.#iterator = iterator;
    this.#run = run;
    this.#downstream = downstream;
    downstream.add(() => {
      this.#pause?.unsubscribe();
      if (!this.#over) closeIterator(iterator);
      this.#over = true;
    });
  }

  pull(): boolean {
    if (this.#over || this.#pause !== null) return false;
    if (this.#pulled === SLICE) {
      this.#pulled = 0;
      this.#pause = asyncScheduler.schedule(() => {
        this.#pause = null;
        this.#run.refill();
      });
      return false;
    }
    this.#pulled += 1;
    let step: IteratorResult<T, unknown>;
    try {
      step = this.#iterator.next();
    } catch (error) {
      this.#over = true;
      this.#downstream.error(error);
      return false;
    }
    if (step.done === true) {
      this.#over = true;
      this.#run.complete();
      return false;
    }
    this.#run.write(step.value);
    return true;
  }
}

class AsyncSource<T, K, V> implements PullSource {
  readonly #iterator: AsyncIterator<T>;
  readonly #run: ProduceRun<T, K, V>;
  readonly #downstream: Subscriber<Delivery<T>>;
  #waiting = false;
  #over = false;

  constructor(iterator: AsyncIterator<T>, run: ProduceRun<T, K, V>, downstream: Subscriber<Delivery<T>>) {
    this.#iterator = iterator;
    this.#run = run;
    this.#downstream = downstream;
    downstream.add(() => {
      if (!this.#over) closeIterator(iterator);
      this.#over = true;
    });
  }

  /** One step at a time, and the next one only while there is room: an async iterable has no other brake. */
  pull(): boolean {
    if (this.#over || this.#waiting) return false;
    this.#waiting = true;
    this.#iterator.next().then(this.#stepped, this.#failed);
    return false;
  }

  readonly #stepped = (step: IteratorResult<T, unknown>): void => {
    this.#waiting = false;
    if (this.#over) return;
    if (step.done === true) {
      this.#over = true;
      this.#run.complete();
      return;
    }
    this.#run.next(step.value);
    this.#run.refill();
  };

  readonly #failed = (error: unknown): void => {
    if (this.#over) return;
    this.#over = true;
    this.#downstream.error(error);
  };
}
