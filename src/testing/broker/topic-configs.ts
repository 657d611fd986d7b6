import { type BrokerProperties } from './broker-properties.js';

/** Topic configurations that follow a broker property. */
const fromBroker: Readonly<Record<string, keyof BrokerProperties>> = {
  'min.insync.replicas': 'min.insync.replicas',
  'max.message.bytes': 'message.max.bytes',
  'message.timestamp.type': 'log.message.timestamp.type',
  'message.timestamp.after.max.ms': 'log.message.timestamp.after.max.ms',
};

/** The others, with Kafka's defaults. Only `cleanup.policy` has an effect here, and of that only what it demands of records. */
const defaults: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'delete.retention.ms': '86400000',
  'file.delete.delay.ms': '60000',
  'flush.messages': '9223372036854775807',
  'flush.ms': '9223372036854775807',
  'follower.replication.throttled.replicas': '',
  'index.interval.bytes': '4096',
  'leader.replication.throttled.replicas': '',
  'local.retention.bytes': '-2',
  'local.retention.ms': '-2',
  'max.compaction.lag.ms': '9223372036854775807',
  'message.timestamp.before.max.ms': '9223372036854775807',
  'min.cleanable.dirty.ratio': '0.5',
  'min.compaction.lag.ms': '0',
  preallocate: 'false',
  'remote.storage.enable': 'false',
  'retention.bytes': '-1',
  'retention.ms': '604800000',
  'segment.bytes': '1073741824',
  'segment.index.bytes': '10485760',
  'segment.jitter.ms': '0',
  'segment.ms': '604800000',
  'unclean.leader.election.enable': 'false',
};

/** Every configuration that a topic has. @internal */
export const topicConfigNames: readonly string[] = [...Object.keys(fromBroker), ...Object.keys(defaults)].sort();

/** What a topic has where nothing was set for it; null for a name that Kafka does not know. @internal */
export function topicConfigDefault(name: string, properties: BrokerProperties): string | null {
  const property = fromBroker[name];
  return property === undefined ? (defaults[name] ?? null) : String(properties[property]);
}
