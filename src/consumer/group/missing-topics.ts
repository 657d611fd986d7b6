import { type Cluster } from '../../cluster/cluster.js';
import { type TopicMetadata } from '../../cluster/metadata.js';
import { ErrorCode } from '../../errors/broker-error-codes.js';

/** A topic is taken for deleted when so many metadata answers in a row do not know it. */
const answersUntilGone = 3;

/**
 * Tells a deleted topic from one that a broker does not know for a moment because it is behind. Losing and regaining its
 * partitions would start them anew, at the end under `latest`, and skip records; hence several answers have to agree.
 */
export class MissingTopics {
  readonly #cluster: Cluster;
  /** Answers in a row that did not know the topic. */
  readonly #unknown: Map<string, number> = new Map<string, number>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The last answer did not know it. */
  isMissing(topic: string): boolean {
    return isMissing(this.#cluster.metadata.topic(topic));
  }

  /** To be asked once per answer, for a topic that was there before. True: it is deleted, start anew when it appears again. */
  isGone(topic: string): boolean {
    const known = this.#cluster.metadata.topic(topic);
    if (isThere(known)) this.#unknown.delete(topic);
    if (!isMissing(known)) return false;
    const answers = (this.#unknown.get(topic) ?? 0) + 1;
    this.#unknown.set(topic, answers);
    if (answers < answersUntilGone) {
      this.#cluster.metadata.refresh(`topic ${topic} is missing`);
      return false;
    }
    this.#unknown.delete(topic);
    return true;
  }
}

/** Usable, with partitions. */
export function isThere(topic: TopicMetadata | undefined): topic is TopicMetadata {
  return topic !== undefined && topic.errorCode === 0 && topic.partitions.length > 0;
}

/** Other errors (no leader yet, a controller that moves) say nothing about whether the topic exists. */
function isMissing(topic: TopicMetadata | undefined): boolean {
  return topic === undefined || topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}
