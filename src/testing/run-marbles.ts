import type { Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import type { ConsumerRecord } from '../model/consumer-record.js';
import type { Consumer, PartitionStream } from '../model/consumer.js';
import type { Leased } from '../model/lease.js';
import type { OffsetList } from '../model/topic-partition.js';
import { deepEqual } from './deep-equal.js';
import type { ExpectedSettlements, ExpectedTransaction, ScriptedSource } from './expected.js';
import type { GroupEvent, GroupSetup, PartitionScript, ScriptedConsumerSettings } from './group-script.js';
import { marbleDiff } from './marble-diff.js';
import { EndingScheduler } from './ending-scheduler.js';
import { MarbleKit } from './marble-kit.js';
import type { ParkedEvent } from './parked-event.js';
import type { ScriptedSink } from './scripted-sink.js';
import type { ScriptedTransactionalProducer, TransactionalScript } from './transactional-script.js';
import type { RecordInit } from './test-record.js';

/** What a test gets: RxJS's own helpers, and those for records. Times are frames of one millisecond. @public */
export interface MarbleHelpers extends RunHelpers {
  /**
   * A cold stream of records, one per letter, with leases and, where the init has none, offsets counted up per partition.
   * Their values are those of `init`, not encoded. The marbles say what is delivered: there is no window and nothing comes again;
   * `partitions` and `group` have both.
   */
  readonly records: <K, V>(
    marbles: string,
    values: Readonly<Record<string, RecordInit<K, V>>>,
  ) => Observable<ConsumerRecord<K, V>>;
  /**
   * A cold stream of partitions, each with a record line of its own that begins with its letter. `|` of a record line: the
   * partition is revoked. `|` of the outer line: the stream completes once all of its partitions have ended. Everything else is
   * the client's own: window, redelivery after a release, seek, pause, drain, commits.
   */
  readonly partitions: <K, V>(
    marbles: string,
    values: Readonly<Record<string, PartitionScript<K, V>>>,
    settings?: ScriptedConsumerSettings,
  ) => Observable<PartitionStream<K, V>>;
  /**
   * A consumer whose group is told by the marbles, on the time of the test as `hot` is: what is assigned, revoked and lost when.
   * `|` drains the consumer, `#` ends its membership with that error. Whoever subscribes later, or again after leaving, gets
   * what is assigned by then. It is the client's own consumer; only membership, look-ups and the fetching of records are scripted.
   * @throws InvalidOptionError as `kafka.consumer` does
   */
  readonly group: <K, V>(
    marbles: string,
    events: Readonly<Record<string, GroupEvent>>,
    setup?: GroupSetup<K, V>,
  ) => Consumer<K, V>;
  /**
   * A sink that answers each record by running `respond` from the moment of the write, `'20ms (a|)'` by default `'(a|)'`:
   * its first value delivers the record, an error (`#`) fails it. Offsets count up per partition; a record
   * without a partition goes to 0.
   */
  readonly sink: <K, V>(respond?: string) => ScriptedSink<K, V>;
  /** A transactional producer by script, for the operator `transaction` and for `producer.transaction(...)`. */
  readonly transactional: <K, V>(script?: TransactionalScript) => ScriptedTransactionalProducer<K, V>;
  /** Records of a `records` or `partitions` stream that were set aside, with `retry()` and `skip()`; replays. */
  readonly parked: (source: ScriptedSource) => Observable<ParkedEvent>;
  /** Compares `.value` of what the stream emits; its completion only where the marbles have one. */
  readonly expectValues: <V>(source$: Observable<{ readonly value: V }>) => {
    toBe(marbles: string, values?: Readonly<Record<string, V>>): void;
  };
  /** When leases of a scripted source were acknowledged, by the letter of the record: `'-- 30ms a'`; `'-'` for never. */
  readonly expectAcks: (source: Observable<Leased> | ScriptedSource) => { toBe(marbles: string): void };
  /** What became of all leases of a scripted source; a kind that is left out must not occur. */
  readonly expectSettlements: (source: ScriptedSource) => { toBe(settlements: ExpectedSettlements): void };
  /**
   * When offsets of a scripted source were committed, and which; those of transactions too. Without `offsets` only the time
   * counts. Of any other stream the `CommitReceipt`s that it emits.
   */
  readonly expectCommits: (source: ScriptedSource) => {
    toBe(marbles: string, offsets?: Readonly<Record<string, OffsetList>>): void;
  };
  /** When transactions ended, and how. */
  readonly expectTransactions: <K, V>(
    producer: ScriptedTransactionalProducer<K, V>,
  ) => {
    toBe(marbles: string, transactions: Readonly<Record<string, ExpectedTransaction<V>>>): void;
  };
}

/**
 * Runs a test in virtual time. Values are compared by content; a failure shows both sides as marbles, one above the other.
 * Works in any test runner: it throws.
 *
 * @example
 * ```ts
 * runMarbles(({ records, expectAcks, expectValues }) => {
 *   const orders$ = records('-a-b|', { a: { key: 'k', value: 1 }, b: { key: 'k', value: 2 } });
 *   expectValues(orders$.pipe(acknowledge())).toBe('-x-y|', { x: 1, y: 2 });
 *   expectAcks(orders$).toBe('-a-b');
 * });
 * ```
 * @public
 */
export function runMarbles<T>(test: (helpers: MarbleHelpers) => T): T {
  const scheduler = new EndingScheduler((actual: unknown, expected: unknown) => {
    if (!deepEqual(actual, expected)) throw new Error(marbleDiff(actual, expected));
  });
  return scheduler.run((helpers) => test(new MarbleKit(helpers, scheduler).helpers()));
}
