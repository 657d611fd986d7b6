/** Broker properties that the embedded cluster heeds, by their Kafka names; their kinds. @public */
export interface BrokerProperties {
  readonly 'num.partitions': number;
  readonly 'auto.create.topics.enable': boolean;
  readonly 'delete.topic.enable': boolean;
  readonly 'min.insync.replicas': number;
  readonly 'message.max.bytes': number;
  readonly 'log.message.timestamp.type': string;
  readonly 'log.message.timestamp.after.max.ms': number;
  readonly 'fetch.max.bytes': number;
  readonly 'replica.selector.class': string;
  readonly 'offsets.topic.num.partitions': number;
  readonly 'transaction.state.log.num.partitions': number;
  readonly 'group.initial.rebalance.delay.ms': number;
  readonly 'group.min.session.timeout.ms': number;
  readonly 'group.max.session.timeout.ms': number;
  readonly 'group.max.size': number;
  readonly 'group.consumer.session.timeout.ms': number;
  readonly 'group.consumer.heartbeat.interval.ms': number;
  readonly 'group.consumer.max.size': number;
  readonly 'group.consumer.migration.policy': string;
  readonly 'offset.metadata.max.bytes': number;
  readonly 'transaction.max.timeout.ms': number;
  readonly 'transaction.abort.timed.out.transaction.cleanup.interval.ms': number;
  readonly 'connection.failed.authentication.delay.ms': number;
}

/** Kafka's default unless a comment says otherwise. */
const defaults: BrokerProperties = {
  'num.partitions': 1,
  'auto.create.topics.enable': true,
  'delete.topic.enable': true,
  'min.insync.replicas': 1,
  'message.max.bytes': 1048588,
  'log.message.timestamp.type': 'CreateTime',
  'log.message.timestamp.after.max.ms': 3600000,
  'fetch.max.bytes': 57671680,
  // Kafka: none; here as well, `org.apache.kafka.common.replica.RackAwareReplicaSelector` is the one that exists
  'replica.selector.class': '',
  'offsets.topic.num.partitions': 50,
  'transaction.state.log.num.partitions': 50,
  // Kafka waits 3000 for more members of a new group; a test should not
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 6000,
  'group.max.session.timeout.ms': 1800000,
  'group.max.size': 2147483647,
  'group.consumer.session.timeout.ms': 45000,
  'group.consumer.heartbeat.interval.ms': 5000,
  'group.consumer.max.size': 2147483647,
  'group.consumer.migration.policy': 'bidirectional',
  'offset.metadata.max.bytes': 4096,
  'transaction.max.timeout.ms': 900000,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 10000,
  'connection.failed.authentication.delay.ms': 100,
};

/** Names of broker properties that the embedded cluster heeds. @public */
export type BrokerPropertyName = keyof BrokerProperties;

/** Properties as they may be given: text, as in `server.properties`, or the value itself. @public */
export type BrokerPropertiesInit = Readonly<Partial<Record<BrokerPropertyName, string | number | boolean>>>;

/** Defaults and what was given. @throws TypeError for a property that has no effect here, or a value of the wrong kind @internal */
export function brokerProperties(given: BrokerPropertiesInit = {}): BrokerProperties {
  const properties: Record<string, string | number | boolean> = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    const known = properties[name];
    if (known === undefined) throw new TypeError(`Broker property ${name} has no effect on the embedded cluster`);
    properties[name] = parsed(name, value, typeof known);
  }
  return properties as unknown as BrokerProperties;
}

function parsed(name: string, value: string | number | boolean, kind: string): string | number | boolean {
  if (kind === 'string') return String(value);
  if (kind === 'number' && value !== '' && Number.isFinite(Number(value))) return Number(value);
  if (kind === 'boolean' && (String(value) === 'true' || String(value) === 'false')) return String(value) === 'true';
  throw new TypeError(`Broker property ${name} takes a ${kind}, not ${String(value)}`);
}
