/** Broker properties that the embedded cluster heeds, by their Kafka names; Kafka's defaults unless it says otherwise. @public */
export interface BrokerProperties {
  /** Of a topic that is created by naming it; 1. */
  readonly 'num.partitions': number;
  /** Whether naming a topic in a metadata request that allows it creates it; true. */
  readonly 'auto.create.topics.enable': boolean;
  /** Whether topics may be deleted; true. */
  readonly 'delete.topic.enable': boolean;
  /** How many replicas have to be in sync for `acks: 'all'`, unless a topic says otherwise; 1. */
  readonly 'min.insync.replicas': number;
  /** Largest record batch that is taken, bytes; 1048588. */
  readonly 'message.max.bytes': number;
  /** `CreateTime` (default): the records' own. `LogAppendTime`: the broker's clock. */
  readonly 'log.message.timestamp.type': string;
  /** How far ahead of the broker's clock a record's timestamp may be, milliseconds; 3600000. */
  readonly 'log.message.timestamp.after.max.ms': number;
  /** Bound of one fetch answer, bytes; 57671680. */
  readonly 'fetch.max.bytes': number;
  /**
   * Empty (default), or `org.apache.kafka.common.replica.RackAwareReplicaSelector`: fetches go to the replica in the
   * rack (KIP-392).
   */
  readonly 'replica.selector.class': string;
  /** Among how many partitions, and so coordinators, groups are spread; 50. */
  readonly 'offsets.topic.num.partitions': number;
  /** The same for transactional ids; 50. */
  readonly 'transaction.state.log.num.partitions': number;
  /**
   * How long a new classic group waits for more members, milliseconds; 0, where Kafka has 3000: a test should not
   * wait.
   */
  readonly 'group.initial.rebalance.delay.ms': number;
  /** Smallest session that a member of a classic group may ask for, milliseconds; 6000. */
  readonly 'group.min.session.timeout.ms': number;
  /** Largest one, milliseconds; 1800000. */
  readonly 'group.max.session.timeout.ms': number;
  /** Members of a classic group at most; 2147483647. */
  readonly 'group.max.size': number;
  /** Session of a member under the `consumer` protocol (KIP-848), milliseconds; 45000. */
  readonly 'group.consumer.session.timeout.ms': number;
  /** How often such a member beats, milliseconds; 5000. */
  readonly 'group.consumer.heartbeat.interval.ms': number;
  /** Members of such a group at most; 2147483647. */
  readonly 'group.consumer.max.size': number;
  /**
   * Which way a group may change its protocol while it has members: `bidirectional` (default), `upgrade`,
   * `downgrade`, `disabled`.
   */
  readonly 'group.consumer.migration.policy': string;
  /** Longest text with a committed offset, bytes; 4096. */
  readonly 'offset.metadata.max.bytes': number;
  /** Largest `transactionTimeoutMs` that a producer may ask for, milliseconds; 900000. */
  readonly 'transaction.max.timeout.ms': number;
  /** How often the coordinator looks for transactions whose time is over, milliseconds; 10000. */
  readonly 'transaction.abort.timed.out.transaction.cleanup.interval.ms': number;
  /** How long a refused login is not answered, milliseconds; 100. */
  readonly 'connection.failed.authentication.delay.ms': number;
}

const defaults: BrokerProperties = {
  'num.partitions': 1,
  'auto.create.topics.enable': true,
  'delete.topic.enable': true,
  'min.insync.replicas': 1,
  'message.max.bytes': 1048588,
  'log.message.timestamp.type': 'CreateTime',
  'log.message.timestamp.after.max.ms': 3600000,
  'fetch.max.bytes': 57671680,
  'replica.selector.class': '',
  'offsets.topic.num.partitions': 50,
  'transaction.state.log.num.partitions': 50,
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

/** Where not every text makes sense. */
const words: Readonly<Partial<Record<string, readonly string[]>>> = {
  'log.message.timestamp.type': ['CreateTime', 'LogAppendTime'],
  'replica.selector.class': ['', 'org.apache.kafka.common.replica.RackAwareReplicaSelector'],
  'group.consumer.migration.policy': ['bidirectional', 'upgrade', 'downgrade', 'disabled'],
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
  const text = String(value);
  const texts = words[name];
  if (texts?.includes(text) === true) return text;
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (kind === 'number' && text.trim() !== '' && Number.isInteger(Number(text)) && Number(text) >= 0)
    return Number(text);
  const named = texts?.map((one) => (one === '' ? 'nothing' : one)).join(' or ');
  const what = named ?? (kind === 'number' ? 'a whole number from 0 on' : 'true or false');
  throw new TypeError(`Broker property ${name} takes ${what}, not '${text}'`);
}
