import { type Cluster } from '../../cluster/cluster.js';
import { ErrorCode } from '../../errors/broker-error-codes.js';
import { type TopicMetadata } from '../../cluster/metadata.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { type MembershipHost } from './membership-host.js';
import { PartitionSet } from './partition-set.js';
import { TopicWatch } from './topic-watch.js';

/** A topic is taken for deleted when so many metadata answers in a row do not know it. */
const answersUntilGone = 3;

/**
 * Reads all partitions of its topics, without a group: what appears in the metadata is assigned, what disappears is lost.
 *
 * A broker that is behind may not know a topic for a moment. Losing and regaining its partitions would start them anew, at the
 * end under `latest`, and skip records; hence several answers have to agree before a topic counts as deleted.
 */
export class WholeTopics {
  readonly #cluster: Cluster;
  readonly #topics: readonly string[];
  readonly #host: MembershipHost;
  readonly #watch: TopicWatch;
  readonly #held: PartitionSet = new PartitionSet();
  /** Answers in a row that did not know the topic. */
  readonly #unknown: Map<string, number> = new Map<string, number>();
  #version = -1;
  #told = false;
  #stopped = false;

  constructor(cluster: Cluster, topics: readonly string[], autoCreate: boolean, host: MembershipHost) {
    this.#cluster = cluster;
    this.#topics = [...new Set(topics)];
    this.#host = host;
    this.#watch = new TopicWatch(cluster, this.#topics, autoCreate, {
      changed: () => {
        this.#update();
      },
      refused: (error) => {
        this.close();
        host.failed(error);
      },
    });
  }

  start(): void {
    this.#watch.start();
  }

  /** Keeps the topics known and changes nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#watch.mute();
  }

  close(): void {
    this.#stopped = true;
    this.#watch.close();
  }

  #update(): void {
    const { metadata } = this.#cluster;
    if (this.#stopped || metadata.version === this.#version) return;
    this.#version = metadata.version;
    const added: TopicPartition[] = [];
    const removed: TopicPartition[] = [];
    for (const topic of this.#topics) {
      const known = metadata.topic(topic);
      const held = this.#held.topics().get(topic);
      if (isThere(known)) {
        this.#unknown.delete(topic);
        for (const { partition } of known.partitions)
          if (held?.has(partition) !== true) added.push({ topic, partition });
        for (const partition of held ?? [])
          if (partition >= known.partitions.length) removed.push({ topic, partition });
      } else if (held !== undefined && isMissing(known) && this.#isGone(topic)) {
        for (const partition of held) removed.push({ topic, partition });
      }
    }
    this.#held.deleteAll(removed);
    this.#held.addAll(added);
    if (removed.length > 0) this.#host.lost(removed, null);
    // an update that finds nothing yet is not told: the consumer is still joining
    if (added.length > 0 && !this.#isStopped()) this.#host.assigned(added, this.#held.list());
    if (added.length > 0 && !this.#told && !this.#isStopped()) {
      this.#told = true;
      this.#host.state('stable');
    }
  }

  #isGone(topic: string): boolean {
    const answers = (this.#unknown.get(topic) ?? 0) + 1;
    this.#unknown.set(topic, answers);
    if (answers < answersUntilGone) {
      this.#cluster.metadata.refresh(`topic ${topic} is missing`);
      return false;
    }
    this.#unknown.delete(topic);
    return true;
  }

  /** Asked again after each call of the host, which may have stopped or closed this. */
  #isStopped(): boolean {
    return this.#stopped;
  }
}

function isThere(topic: TopicMetadata | undefined): topic is TopicMetadata {
  return topic !== undefined && topic.errorCode === 0 && topic.partitions.length > 0;
}

/** Other errors (no leader yet, a controller that moves) say nothing about whether the topic exists. */
function isMissing(topic: TopicMetadata | undefined): boolean {
  return topic === undefined || topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}
