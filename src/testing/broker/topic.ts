import { PartitionLog } from './log/partition-log.js';

/** One partition: who has it, who leads, and the log. @internal */
export class Partition {
  readonly topic: Topic;
  readonly index: number;
  log: PartitionLog = new PartitionLog();
  replicas: readonly number[];
  /** In-sync replicas; the last one stays in it when it goes down. */
  isr: readonly number[];
  /** Broker id, -1 for none. */
  leader: number;
  leaderEpoch = 0;

  constructor(topic: Topic, index: number, replicas: readonly number[]) {
    this.topic = topic;
    this.index = index;
    this.replicas = replicas;
    this.isr = replicas;
    this.leader = replicas[0]!;
    this.log.epochs.began(0, 0);
  }

  get name(): string {
    return `${this.topic.name}-${this.index}`;
  }
}

/** A topic: name, id, partitions and what was set for it. @internal */
export class Topic {
  readonly name: string;
  readonly id: string;
  readonly internal: boolean;
  readonly partitions: Partition[] = [];
  readonly configs: Map<string, string> = new Map<string, string>();
  /** Deleted: whoever still holds this object must not use it. */
  deleted = false;

  constructor(name: string, id: string, internal: boolean) {
    this.name = name;
    this.id = id;
    this.internal = internal;
  }
}

const legalName = /^[a-zA-Z0-9._-]{1,249}$/;

/** Whether Kafka takes the name for a topic. @internal */
export function isLegalTopicName(name: string): boolean {
  return legalName.test(name) && name !== '.' && name !== '..';
}

/** Whether a partition may have replicas on these brokers: all known, none twice. @internal */
export function areReplicas(ids: readonly number[], brokers: ReadonlyMap<number, unknown>): boolean {
  return ids.length > 0 && new Set(ids).size === ids.length && ids.every((id) => brokers.has(id));
}
