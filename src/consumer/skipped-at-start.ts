import { type Cluster } from '../cluster/cluster.js';
import { type OffsetList } from '../model/topic-partition.js';
import { type ConsumerCoreOptions } from './consumer-ports.js';
import { type OffsetLookup } from './offset-lookup.js';
import { earliestTimestamp } from './start-positions.js';

/**
 * Logs what a group skips that has no committed offset and starts at the end, or by age: records that are there and that this
 * group will never see. Asks for the beginnings to be able to say how many; nothing waits for that.
 */
export function skippedAtStart(
  { logger }: Cluster,
  lookup: OffsetLookup,
  { groupId, autoOffsetReset }: ConsumerCoreOptions,
): (starts: OffsetList) => void {
  if (groupId === null || autoOffsetReset === 'earliest') return () => undefined;
  return (starts) => {
    const targets = starts.map(({ topic, partition }) => ({ topic, partition, timestamp: earliestTimestamp }));
    lookup.list(targets, (_error, beginnings) => {
      for (const [at, { topic, partition, offset }] of starts.entries()) {
        // offsets may have gaps: this is how many records there are at most
        const records = offset - (beginnings?.[at]?.offset ?? offset);
        if (records <= 0) continue;
        logger.warn(
          { groupId, topic, partition, offset, records },
          `Group ${groupId} has no committed offset for ${topic}-${partition}, it starts at ${offset} and skips up to ${records} records; autoOffsetReset: 'earliest' reads them`,
        );
      }
    });
  };
}
