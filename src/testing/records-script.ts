import { type Observable, defer, map } from 'rxjs';
import type { RunHelpers, TestScheduler } from 'rxjs/testing';
import { UsageError } from '../errors/usage-error.js';
import type { ConsumerRecord } from '../model/consumer-record.js';
import type { Recorder } from './recorder.js';
import { TestPartition } from './test-partition.js';
import { type RecordInit, TestRecord } from './test-record.js';

/** A cold stream of records with leases of the client's own tracker; each subscription has partitions of its own. */
export function recordsOf<K, V>(
  helpers: Pick<RunHelpers, 'cold'>,
  scheduler: TestScheduler,
  recorder: Recorder,
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
          const clock = { scheduler, now: () => scheduler.now() };
          owner = new TestPartition(topic, partition, clock, recorder);
          partitions.set(name, owner);
        }
        const offset = init.offset ?? owner.nextOffset;
        return new TestRecord(init, offset, owner.deliver(offset, letter));
      }),
    );
  });
}
