import { map, type Observable, timer } from 'rxjs';
import { type ConsumerCore } from '../consumer/consumer-core.js';
import { type PartitionLag } from '../model/topic-partition.js';

/**
 * Hot in its numbers, cold as a clock: each subscription has its own interval. Distance from the next offset to deliver to the
 * end that this consumer can see (the last stable offset under read_committed), for partitions whose end is known.
 */
export function lagOf(core: ConsumerCore, everyMs: number): Observable<readonly PartitionLag[]> {
  return timer(0, everyMs, core.cluster.runtime.scheduler).pipe(
    map(() =>
      (core.session?.partitions.all() ?? []).flatMap(({ topic, partition, cursor }) => {
        const endOffset = core.options.isolationLevel === 1 ? cursor.lastStableOffset : cursor.highWatermark;
        const { position } = cursor;
        if (endOffset < 0 || position < 0) return [];
        return [{ topic, partition, lag: Math.max(0, endOffset - position), position, endOffset }];
      }),
    ),
  );
}
