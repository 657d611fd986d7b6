/** Facts a broker's `server.properties` is made from. */
export interface BrokerFacts {
  readonly id: number;
  readonly port: number;
  /** Null for a broker that is no controller. */
  readonly controllerPort: number | null;
  readonly dataDirectory: string;
  /** `id@host:port` of every controller. */
  readonly voters: readonly string[];
}

/** `server.properties` of one broker, a controller as well unless it has no port for that; `overrides` win. */
export function serverProperties(facts: BrokerFacts, overrides: Readonly<Record<string, string>> = {}): string {
  const count = facts.voters.length;
  const replicas = String(Math.min(3, count));
  const minIsr = String(Math.min(2, count));
  const controller = facts.controllerPort === null ? '' : `,CONTROLLER://127.0.0.1:${facts.controllerPort}`;
  const properties: Record<string, string> = {
    'process.roles': facts.controllerPort === null ? 'broker' : 'broker,controller',
    'node.id': String(facts.id),
    'broker.rack': `rack${facts.id}`,
    'controller.quorum.voters': facts.voters.join(','),
    listeners: `PLAINTEXT://127.0.0.1:${facts.port}${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${facts.port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': facts.dataDirectory,
    'num.partitions': '3',
    'default.replication.factor': replicas,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minIsr,
    'transaction.state.log.num.partitions': '2',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': minIsr,
    'share.coordinator.state.topic.num.partitions': '2',
    'group.initial.rebalance.delay.ms': '0',
    // KIP-848 groups move with their heartbeats: the default of 5 s would make every spec of them slow
    'group.consumer.min.heartbeat.interval.ms': '500',
    'group.consumer.heartbeat.interval.ms': '1000',
    'group.consumer.min.session.timeout.ms': '3000',
    'group.consumer.session.timeout.ms': '10000',
    // closest replica (KIP-392): a consumer with a rack is sent to the replica in it
    'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
    'log.cleaner.dedupe.buffer.size': '2097152',
    'background.threads': '2',
    'num.recovery.threads.per.data.dir': '1',
    ...overrides,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
