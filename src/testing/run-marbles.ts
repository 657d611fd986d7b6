import { EMPTY, NEVER, type Observable, ReplaySubject, concatWith, defer, map } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { UsageError } from '../errors/usage-error.js';
import type { ConsumerRecord } from '../model/consumer-record.js';
import type { Leased } from '../model/lease.js';
import { deepEqual } from './deep-equal.js';
import { marbleDiff } from './marble-diff.js';
import { type ScriptedSink, scriptedSink } from './scripted-sink.js';
import { TestPartition } from './test-partition.js';
import { type RecordInit, TestRecord } from './test-record.js';

/** What a test gets: RxJS's own helpers, and those for records. Times are frames of one millisecond. @public */
export interface MarbleHelpers extends RunHelpers {
  /**
   * A cold stream of records, one per letter, with leases and, where the init has none, offsets counted up per partition.
   * Their values are those of `init`, not encoded.
   */
  readonly records: <K, V>(
    marbles: string,
    values: Readonly<Record<string, RecordInit<K, V>>>,
  ) => Observable<ConsumerRecord<K, V>>;
  /**
   * A sink that answers each record by running `respond` from the moment of the write, `'20ms (a|)'` by default `'(a|)'`:
   * its first value delivers the record, an error (`#`) fails it. Offsets count up per partition; a record
   * without a partition goes to 0.
   */
  readonly sink: <K, V>(respond?: string) => ScriptedSink<K, V>;
  /** Compares `.value` of what the stream emits; its completion only where the marbles have one. */
  readonly expectValues: <V>(source$: Observable<{ readonly value: V }>) => {
    toBe(marbles: string, values?: Readonly<Record<string, V>>): void;
  };
  /** When leases of a `records` stream were acknowledged, by the letter of the record: `'-- 30ms a'`; `'-'` for never. */
  readonly expectAcks: (source$: Observable<Leased>) => { toBe(marbles: string): void };
}

/**
 * Runs a test in virtual time. Values are compared by content; a failure shows both sides as marbles.
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
  const scheduler = new TestScheduler((actual: unknown, expected: unknown) => {
    if (!deepEqual(actual, expected)) throw new Error(`Marbles differ\n${marbleDiff(actual, expected)}`);
  });
  return scheduler.run((helpers) => {
    const acks = new WeakMap<Observable<unknown>, ReplaySubject<string>>();
    return test({
      ...helpers,
      records: (marbles, values) => {
        const acked = new ReplaySubject<string>();
        const records$ = recordsOf(helpers, scheduler, acked, marbles, values);
        acks.set(records$, acked);
        return records$;
      },
      sink: (respond = '(a|)') => scriptedSink(helpers.cold(respond), scheduler),
      expectValues: (source$) => ({
        toBe: (marbles, values) => {
          const end = marbles.includes('|') ? EMPTY : NEVER;
          helpers
            .expectObservable(
              source$.pipe(
                map((item) => item.value),
                concatWith(end),
              ),
            )
            .toBe(marbles, values);
        },
      }),
      expectAcks: (source$) => {
        const acked = acks.get(source$);
        if (acked === undefined) {
          throw new UsageError('expectAcks takes the very stream that records() returned, not one piped from it');
        }
        return {
          toBe: (marbles) => {
            helpers.expectObservable(acked).toBe(marbles);
          },
        };
      },
    });
  });
}

function recordsOf<K, V>(
  helpers: RunHelpers,
  scheduler: TestScheduler,
  acked: ReplaySubject<string>,
  marbles: string,
  values: Readonly<Record<string, RecordInit<K, V>>>,
): Observable<ConsumerRecord<K, V>> {
  const script$ = helpers.cold(marbles);
  return defer(() => {
    const partitions = new Map<string, TestPartition>();
    return script$.pipe(
      map((letter) => {
        const init = values[letter];
        if (init === undefined) throw new UsageError(`records: there is no value for the letter ${letter}`);
        const { topic = 'topic', partition = 0 } = init;
        const name = JSON.stringify([topic, partition]);
        let owner = partitions.get(name);
        if (owner === undefined) {
          owner = new TestPartition(topic, partition, { scheduler, now: () => scheduler.now() });
          partitions.set(name, owner);
        }
        const offset = init.offset ?? owner.nextOffset;
        const acknowledged = (): void => {
          acked.next(letter);
        };
        return new TestRecord(init, offset, owner.deliver(offset, acknowledged));
      }),
    );
  });
}
