import { from, Observable, type ObservableInput, type Subscriber, Subscription } from 'rxjs';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Runtime } from '../model/runtime.js';
import { type Transaction } from '../model/transaction.js';
import { type TransactionSlot } from '../producer/transaction/transaction-slot.js';
import { type SlotQueue } from './slot-queue.js';
import { type SlotTransaction } from './slot-transaction.js';

/**
 * What the project emits, in one transaction. **Cold**: each subscription begins one; it commits when the project's stream
 * completes, and completes after that. When the stream fails, a write fails, or downstream leaves, it aborts; the error comes
 * after the abort. An abort that shows that another producer took over comes instead of the error that led to it.
 */
export function runTransaction<K, V, R>(
  runtime: Runtime,
  queue: SlotQueue,
  begin: (slot: TransactionSlot) => SlotTransaction<K, V>,
  project: (tx: Transaction<K, V>) => ObservableInput<R>,
): Observable<R> {
  return new Observable<R>((subscriber) => {
    subscriber.add(runtime.keepAlive?.());
    subscriber.add(
      queue.take((error, slot) => {
        if (slot === null) subscriber.error(error);
        else run(begin(slot), project, subscriber);
      }),
    );
  });
}

function run<K, V, R>(
  transaction: SlotTransaction<K, V>,
  project: (tx: Transaction<K, V>) => ObservableInput<R>,
  subscriber: Subscriber<R>,
): void {
  const inner = new Subscription();
  /** The transaction has its end: nothing of what comes later decides over it. */
  let ended = false;
  const abort = (reason: unknown): void => {
    if (ended) return;
    ended = true;
    inner.unsubscribe();
    transaction.abort((failure: KafkaError | null) => {
      subscriber.error(failure?.fatal === true ? failure : reason);
    });
  };
  // first of all: a downstream that leaves in the stack of its first value aborts as well
  subscriber.add(() => {
    abort(null);
  });
  inner.add(transaction.onFailed(abort));
  let result$: Observable<R>;
  try {
    result$ = from(project(transaction.tx));
  } catch (error) {
    abort(error);
    return;
  }
  inner.add(
    result$.subscribe({
      next: (value) => {
        subscriber.next(value);
      },
      error: abort,
      complete: () => {
        if (ended) return;
        ended = true;
        inner.unsubscribe();
        transaction.commit((error) => {
          if (error === null) subscriber.complete();
          else {
            ended = false;
            abort(error);
          }
        });
      },
    }),
  );
}
