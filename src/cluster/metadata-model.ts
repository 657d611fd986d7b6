/** One broker as metadata, a coordinator look-up or a leader hint described it. */
export interface BrokerNode {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionMetadata {
  readonly partition: number;
  /** Node id, -1 while there is none. */
  readonly leader: number;
  /** -1 where the broker is too old to tell. */
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
  readonly errorCode: number;
}

export interface TopicMetadata {
  readonly name: string;
  /** ZERO_UUID where the cluster has no topic ids. */
  readonly topicId: string;
  readonly isInternal: boolean;
  /** Not 0: the topic is not usable, its partitions are empty. */
  readonly errorCode: number;
  /** The index is the partition id. */
  readonly partitions: readonly PartitionMetadata[];
}

/** What is known of the cluster at one moment. Replaced as a whole, never changed. */
export interface ClusterView {
  readonly brokers: ReadonlyMap<number, BrokerNode>;
  readonly clusterId: string | null;
  readonly controllerId: number;
  readonly topics: ReadonlyMap<string, TopicMetadata>;
  /** Each topic as it was when it was last usable: leader epochs must not go back after an error in between. */
  readonly usable: ReadonlyMap<string, TopicMetadata>;
  /** By topic id. */
  readonly names: ReadonlyMap<string, string>;
}

export const emptyView: ClusterView = Object.freeze<ClusterView>({
  brokers: new Map<number, BrokerNode>(),
  clusterId: null,
  controllerId: -1,
  topics: new Map<string, TopicMetadata>(),
  usable: new Map<string, TopicMetadata>(),
  names: new Map<string, string>(),
});
