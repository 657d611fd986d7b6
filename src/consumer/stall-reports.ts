import { type ConsumerSurface } from './consumer-ports.js';
import { type HeldPartition } from './held-partition.js';
import { type StallReason } from './progress-watch.js';

/** Says that a partition stands still, why, and what to do about it. */
export function stalled(surface: ConsumerSurface, held: HeldPartition, offset: number, why: StallReason): void {
  const { topic, partition } = held;
  surface.event({ type: 'stalled', topic, partition, offset, reason: why });
  surface.warn(`Partition ${partition} of ${topic} stands still: ${advice(why, offset)}`);
}

/** Says that the member leaves its group because these made no progress. */
export function pollExpired(surface: ConsumerSurface, stuck: readonly HeldPartition[]): void {
  const offsets = stuck.flatMap(({ topic, partition, cursor }) => {
    const oldest = cursor.oldestLease;
    return oldest === null ? [] : [{ topic, partition, offset: oldest.offset }];
  });
  surface.event({ type: 'expired', offsets });
  const names = offsets.map(({ topic, partition, offset }) => `${topic}-${partition} at offset ${offset}`).join(', ');
  surface.warn(
    `No progress for maxPollIntervalMs: ${names} is delivered and not settled. The consumer leaves its group, so that others get its partitions, and joins again when that step comes back`,
  );
}

function advice(why: StallReason, offset: number): string {
  switch (why) {
    case 'unread':
      return 'no delivered record was ever settled, end the pipe with acknowledge() or commitOffsets()';
    case 'unsubscribed':
      return 'nobody subscribes its stream, flatten partitions$ with forEachPartition() or mergeMap without a limit';
    case 'unsettled':
      return `the record at offset ${offset} is delivered and not settled, look at the step that holds it`;
  }
}
