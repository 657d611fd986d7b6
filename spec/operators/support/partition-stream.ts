import { NEVER, Observable, type Subscriber } from 'rxjs';
import { type ConsumerRecord } from '../../../src/model/consumer-record.js';
import { type PartitionStream } from '../../../src/model/consumer.js';

/** A partition stream over any Observable of records. */
export function partitionStream(
  partition: number,
  records$: Observable<ConsumerRecord<string, number>>,
  ended$: Observable<'revoked' | 'lost' | 'drained'> = NEVER,
): PartitionStream<string, number> {
  const stream$ = new Observable((subscriber: Subscriber<ConsumerRecord<string, number>>) =>
    records$.subscribe(subscriber),
  );
  return Object.assign(stream$, {
    key: { topic: 'topic', partition },
    topic: 'topic',
    partition,
    epoch: 0,
    position: 0,
    highWatermark: 0,
    lastStableOffset: 0,
    lag: 0,
    lastFetchedAt: null,
    paused: false,
    pause: () => undefined,
    resume: () => undefined,
    seek: () => NEVER,
    revoking$: NEVER,
    ended$,
  });
}
