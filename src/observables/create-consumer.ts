import { type Cluster } from '../cluster/cluster.js';
import { clusterParts } from '../consumer/cluster-parts.js';
import { ConsumerQueries } from '../consumer/consumer-queries.js';
import { OffsetLookup } from '../consumer/offset-lookup.js';
import { type Consumer } from '../model/consumer.js';
import { ConsumerClient } from './consumer-client.js';
import { type ResolvedConsumerOptions } from './consumer-options.js';
import { RangeReads } from './read-range.js';

/** A consumer of one `Kafka`: nothing connects before something is subscribed or asked. */
export function createConsumer<K, V>(
  cluster: Cluster,
  options: ResolvedConsumerOptions,
  onClosed: () => void,
): Consumer<K, V> {
  const lookup = new OffsetLookup(cluster, options.isolationLevel, cluster.options.requestTimeoutMs);
  const queries = new ConsumerQueries(cluster, lookup, options.groupId);
  return new ConsumerClient<K, V>(
    {
      home: cluster,
      session: clusterParts(cluster, options),
      queries,
      ranges: (core) => new RangeReads(cluster, core, queries),
      warn: (message) => {
        process.emitWarning(message, { type: 'RxKafkaWarning', code: 'RX_KAFKA_STALLED' });
      },
    },
    options,
    onClosed,
  );
}
