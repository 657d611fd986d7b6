import { EMPTY, Observable, type SchedulerLike, asyncScheduler } from 'rxjs';
import { type KafkaError } from '../../../src/errors/kafka-error.js';
import { type GroupMetadata } from '../../../src/model/commit.js';
import { type ProducerRecord, type RecordMetadata, type RecordSink } from '../../../src/model/record-sink.js';
import { type OffsetList } from '../../../src/model/topic-partition.js';
import {
  type OpenTransaction,
  type SlottedProducer,
  type Transaction,
  type TransactionSlots,
  type TransactionalProducer,
  transactionSlots,
} from '../../../src/model/transaction.js';

type AnyRecord = ProducerRecord<unknown, unknown>;

/** One transaction as the cluster would know it. */
export interface ScriptedTransaction {
  readonly id: number;
  readonly begunAt: number;
  readonly records: AnyRecord[];
  readonly offsets: { readonly offsets: OffsetList; readonly group: GroupMetadata }[];
  state: 'open' | 'committing' | 'committed' | 'aborting' | 'aborted';
  endedAt: number;
  /** Fails it from outside, as a write that was refused does. */
  fail: (error: unknown) => void;
}

/** A transactional producer without a cluster: every step is answered `latencyMs` later, as the spec says. */
export class ScriptedTransactions implements SlottedProducer<unknown, unknown> {
  readonly all: ScriptedTransaction[] = [];
  latencyMs = 1;
  /** The answer to the initialisation. */
  prepareError: KafkaError | null = null;
  /** Answers to come, null = accepted; shift. */
  readonly offsetErrors: (KafkaError | null)[] = [];
  readonly commitErrors: (KafkaError | null)[] = [];
  readonly abortErrors: (KafkaError | null)[] = [];
  /** Errors of writes: by value. */
  readonly writeErrors = new Map<unknown, unknown>();
  prepared = 0;
  listeners = 0;
  /** Most open at once. */
  most = 0;
  readonly violations: string[] = [];
  readonly #scheduler: SchedulerLike;
  readonly #free = new Set<() => void>();
  readonly [transactionSlots]: TransactionSlots<unknown, unknown>;

  constructor(scheduler: SchedulerLike = asyncScheduler, count = 1, transactionTimeoutMs = 10_000) {
    this.#scheduler = scheduler;
    this[transactionSlots] = {
      count,
      transactionTimeoutMs,
      prepare: (done) => {
        this.prepared += 1;
        const answer = this.#later(() => {
          done(this.prepareError, null);
        });
        return () => {
          answer.unsubscribe();
        };
      },
      begin: () => (this.open.length >= count ? null : this.#begin()),
      ending: false,
      onFree: (listener) => {
        this.listeners += 1;
        const own = (): void => {
          listener();
        };
        this.#free.add(own);
        return () => {
          if (this.#free.delete(own)) this.listeners -= 1;
        };
      },
    };
  }

  /** As the operator takes it. */
  producer<K, V>(): TransactionalProducer<K, V> {
    return this as unknown as TransactionalProducer<K, V>;
  }

  get open(): ScriptedTransaction[] {
    return this.all.filter(({ state }) => state !== 'committed' && state !== 'aborted');
  }
  get committed(): ScriptedTransaction[] {
    return this.all.filter(({ state }) => state === 'committed');
  }
  get aborted(): ScriptedTransaction[] {
    return this.all.filter(({ state }) => state === 'aborted');
  }
  /** Values that readers of committed records see, in order. */
  get values(): unknown[] {
    return this.committed.flatMap(({ records }) => records.map(({ value }) => value));
  }
  /** Committed offsets of each transaction, as `partition:offset`. */
  get offsets(): string[][] {
    return this.committed.map(({ offsets }) =>
      offsets.flatMap((added) => added.offsets.map(({ partition, offset }) => `${partition}:${offset}`)),
    );
  }

  /** Somebody else's transaction. */
  take(): OpenTransaction<unknown, unknown> {
    return this.#begin();
  }

  #begin(): OpenTransaction<unknown, unknown> {
    const listeners = new Set<(error: unknown) => void>();
    const own: ScriptedTransaction = {
      id: this.all.length,
      begunAt: this.#scheduler.now(),
      records: [],
      offsets: [],
      state: 'open',
      endedAt: -1,
      fail: (error) => {
        for (const listener of listeners) listener(error);
      },
    };
    this.all.push(own);
    this.most = Math.max(this.most, this.open.length);
    const ended = (state: 'committed' | 'aborted'): void => {
      own.state = state;
      own.endedAt = this.#scheduler.now();
    };
    return {
      tx: this.#sink(own) as Transaction<unknown, unknown>,
      addOffsets: (offsets, group, done) => {
        if (own.state !== 'open') this.violations.push(`offsets added to ${own.id}, which is ${own.state}`);
        this.#later(() => {
          const error = this.offsetErrors.shift() ?? null;
          if (error === null) own.offsets.push({ offsets, group });
          done(error, null);
        });
      },
      gather: () => () => undefined,
      commit: (done) => {
        if (own.state !== 'open') this.violations.push(`commit of ${own.id}, which is ${own.state}`);
        own.state = 'committing';
        this.#later(() => {
          const error = this.commitErrors.shift() ?? null;
          if (error === null) ended('committed');
          else own.state = 'open';
          done(error, null);
          if (error === null) this.#tellFree();
        });
      },
      abort: (done) => {
        if (own.state !== 'open') this.violations.push(`abort of ${own.id}, which is ${own.state}`);
        own.state = 'aborting';
        this.#later(() => {
          ended('aborted');
          done(this.abortErrors.shift() ?? null, null);
          this.#tellFree();
        });
      },
      onFailed: (listener) => {
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
        };
      },
    };
  }

  #sink(
    own: ScriptedTransaction,
  ): RecordSink<unknown, unknown> & Pick<Transaction<unknown, unknown>, 'send' | 'bytes'> {
    const sink: RecordSink<unknown, unknown> = {
      write: (record, done) => {
        if (own.state !== 'open') this.violations.push(`write to ${own.id}, which is ${own.state}`);
        const error = this.writeErrors.get(record.value);
        if (error === undefined) own.records.push(record);
        this.#later(() => {
          if (error === undefined) done(null, metadataOf(record, own.records.length));
          else done(error, null);
        });
        return true;
      },
      onReady: () => () => undefined,
    };
    return {
      ...sink,
      bytes: sink as never,
      send: (record: unknown) =>
        new Observable((subscriber) => {
          sink.write(record as AnyRecord, (error, metadata) => {
            if (metadata === null) {
              subscriber.error(error);
              return;
            }
            subscriber.next(metadata);
            subscriber.complete();
          });
        }),
      sendOffsets: () => EMPTY,
    } as never;
  }

  #tellFree(): void {
    for (const listener of [...this.#free]) listener();
  }

  #later(work: () => void): { unsubscribe(): void } {
    return this.#scheduler.schedule(work, this.latencyMs);
  }
}

function metadataOf({ topic, partition = 0 }: AnyRecord, offset: number): RecordMetadata {
  return {
    topic,
    partition,
    offset,
    timestamp: 0,
    timestampType: 'createTime',
    logStartOffset: 0,
    serializedKeySize: -1,
    serializedValueSize: -1,
  };
}
