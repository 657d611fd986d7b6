import { type Observable, Observable as Stream, map, take } from 'rxjs';
import { KafkaError } from '../errors/kafka-error.js';
import { TransactionError } from '../errors/client-errors.js';
import { UsageError } from '../errors/usage-error.js';
import type { GroupMetadata } from '../model/commit.js';
import type { Cancel, Done } from '../model/done.js';
import type { ProducerRecord, RecordMetadata, RecordSink } from '../model/record-sink.js';
import type { Runtime } from '../model/runtime.js';
import type { Bytes, OffsetList, TopicPartitionOffset } from '../model/topic-partition.js';
import type { OpenTransaction, Transaction } from '../model/transaction.js';
import { coreCall } from '../observables/core-call.js';
import { hop } from '../runtime/timer.js';
import type { WrittenTransaction } from './written-transaction.js';

/** What a transaction needs of its producer. */
export interface TransactionHome<K, V> {
  readonly runtime: Runtime;
  readonly sink: RecordSink<K, V>;
  /** The answer of the coordinator. */
  readonly commit$: Observable<unknown>;
  readonly abort$: Observable<unknown>;
  /** Committed or aborted. */
  ended(transaction: ScriptedTransaction<K, V>, offsets: readonly GroupOffsets[]): void;
}

/** Offsets of one group. */
export interface GroupOffsets {
  readonly groupId: string;
  readonly offsets: OffsetList;
}

/**
 * A transaction by script: writes are answered by the sink, the end by marbles of its own. As in production a failed write makes
 * the commit impossible, and whoever opened it aborts.
 */
export class ScriptedTransaction<K, V> implements OpenTransaction<K, V>, WrittenTransaction<K, V> {
  readonly tx: Transaction<K, V>;
  readonly records: ProducerRecord<K, V>[] = [];
  outcome: 'open' | 'committed' | 'aborted' = 'open';
  readonly #home: TransactionHome<K, V>;
  readonly #groups: GroupOffsets[] = [];
  readonly #listeners: Set<(error: unknown) => void> = new Set<(error: unknown) => void>();
  readonly #whenWritten: (() => void)[] = [];
  #writing = 0;
  #failure: KafkaError | null = null;
  #ending = false;

  constructor(home: TransactionHome<K, V>) {
    this.#home = home;
    const write: RecordSink<K, V>['write'] = (record, done) => this.#write(record, done);
    const { onReady } = home.sink;
    this.tx = {
      write,
      onReady,
      send: (record) => sendOf(write, record),
      bytes: { write: write as unknown as RecordSink<Bytes | null, Bytes | null>['write'], onReady },
      sendOffsets: (offsets, group) =>
        commandOf(home.runtime, (done) => {
          this.addOffsets(offsets, group, done);
        }),
    };
  }

  get offsets(): OffsetList {
    const all: TopicPartitionOffset[] = this.#groups.flatMap(({ offsets }) => [...offsets]);
    return all.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  }

  addOffsets(offsets: OffsetList, group: GroupMetadata, done: Done<null>): void {
    this.#groups.push({ groupId: group.groupId, offsets });
    this.#answer(done, this.#failure);
  }

  gather(): Cancel {
    return () => undefined;
  }

  commit(done: Done<null>): void {
    if (this.#refuses(done)) return;
    this.#whenAllWritten(() => {
      if (this.#failure !== null) {
        this.#ending = false;
        done(this.#failure, null);
        return;
      }
      this.#run(this.#home.commit$, (error) => {
        if (error !== null) {
          this.#ending = false;
          this.#failure ??= error;
        } else this.#end('committed');
        done(error, null);
      });
    });
  }

  abort(done: Done<null>): void {
    if (this.#refuses(done)) return;
    this.#run(this.#home.abort$, (error) => {
      this.#end('aborted');
      done(error, null);
    });
  }

  onFailed(listener: (error: unknown) => void): Cancel {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #refuses(done: Done<null>): boolean {
    if (this.outcome === 'open' && !this.#ending) {
      this.#ending = true;
      return false;
    }
    this.#answer(done, new UsageError('This transaction has ended already'));
    return true;
  }

  #write(record: ProducerRecord<K, V>, done: (error: unknown, metadata: RecordMetadata | null) => void): boolean {
    if (this.outcome !== 'open' || this.#ending) {
      hop(this.#home.runtime, () => {
        done(new UsageError('This transaction has ended, write inside of it'), null);
      });
      return true;
    }
    this.records.push(record);
    this.#writing++;
    return this.#home.sink.write(record, (error, metadata) => {
      this.#writing--;
      if (error !== null && metadata === null) this.#failed(error);
      done(error, metadata);
      if (this.#writing === 0) for (const next of this.#whenWritten.splice(0)) next();
    });
  }

  #failed(error: unknown): void {
    if (this.#failure !== null || this.outcome !== 'open') return;
    this.#failure = asTransactionError('A record of the transaction could not be written', error);
    for (const listener of [...this.#listeners]) listener(this.#failure);
  }

  #whenAllWritten(next: () => void): void {
    if (this.#writing > 0) this.#whenWritten.push(next);
    else hop(this.#home.runtime, next);
  }

  #run(answer$: Observable<unknown>, done: (error: KafkaError | null) => void): void {
    let answered = false;
    const answer = (error: KafkaError | null): void => {
      if (answered) return;
      answered = true;
      done(error);
    };
    answer$.pipe(take(1)).subscribe({
      error: (error: unknown) => {
        answer(asTransactionError('The transaction could not be ended', error));
      },
      complete: () => {
        answer(null);
      },
    });
  }

  #end(outcome: 'committed' | 'aborted'): void {
    this.outcome = outcome;
    this.#listeners.clear();
    this.#home.ended(this, outcome === 'committed' ? this.#groups : []);
  }

  #answer(done: Done<null>, error: KafkaError | null): void {
    hop(this.#home.runtime, () => {
      done(error, null);
    });
  }
}

/** A scripted error is the end of the transaction and not of the producer, unless it says so itself. */
function asTransactionError(message: string, error: unknown): KafkaError {
  return KafkaError.is(error) ? error : new TransactionError(message, { abortable: true, cause: error });
}

function sendOf<K, V>(write: RecordSink<K, V>['write'], record: ProducerRecord<K, V>): Observable<RecordMetadata> {
  return new Stream<RecordMetadata>((subscriber) => {
    write(record, (error, metadata) => {
      if (metadata === null) subscriber.error(error);
      else {
        subscriber.next(metadata);
        subscriber.complete();
      }
    });
  });
}

/** A call without a value as a cold Observable of one `undefined`. */
export function commandOf(runtime: Runtime, start: (done: Done<null>) => void): Observable<void> {
  return coreCall<null>(runtime, (done) => {
    start(done);
    return () => undefined;
  }).pipe(map(() => undefined));
}
