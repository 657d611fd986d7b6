import { type Cluster } from '../cluster/cluster.js';
import { type ConsumerCoreOptions } from './consumer-ports.js';
import { OffsetLookup } from './offset-lookup.js';
import { type OffsetSource } from './offset-source.js';
import { skippedAtStart } from './skipped-at-start.js';
import { StartPositions } from './start-positions.js';

/** Start positions as the consumer's options want them. Look-ups go on until they are answered or the session is over. */
export function openStartPositions(
  cluster: Cluster,
  options: ConsumerCoreOptions,
  committed: OffsetSource | null,
): StartPositions {
  const lookup = new OffsetLookup(cluster, options.isolationLevel);
  const sources = { stored: options.storedOffsets, committed };
  const { runtime } = cluster;
  return new StartPositions(
    runtime,
    lookup,
    sources,
    options.autoOffsetReset,
    skippedAtStart(cluster, lookup, options),
  );
}
