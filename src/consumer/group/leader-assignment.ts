import { type Cluster } from '../../cluster/cluster.js';
import { GroupError } from '../../errors/client-errors.js';
import { KafkaError } from '../../errors/kafka-error.js';
import { type Assignor, type AssignorMember } from '../../model/assignor.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type JoinGroupResponse } from '../../protocol/messages/join-group.js';
import { backoffMs } from '../../runtime/backoff.js';
import { Timer } from '../../runtime/timer.js';
import { type AskAssigned, LeftOverPartitions } from './left-over-partitions.js';
import { type Assignments } from './membership-events.js';
import { MissingTopics } from './missing-topics.js';
import { decodeSubscription, encodeAssignment } from './subscription-codec.js';

const unknownTopic = 3;

/**
 * The leader's part: reads the members' subscriptions, waits for metadata of all their topics, runs the assignor. Afterwards it
 * watches these topics until the next round, because the leader is the one that notices new partitions.
 */
export class LeaderAssignment {
  readonly #cluster: Cluster;
  readonly #changed: () => void;
  readonly #retry: Timer;
  readonly #leftOver: LeftOverPartitions;
  #release: Cancel | null = null;
  #unwatch: Cancel | null = null;
  #cancelRefresh: Cancel | null = null;
  #compute: () => void = () => undefined;

  /**
   * @param ask - what the members of the group have
   * @param changed - a watched topic has another number of partitions than when it was assigned
   */
  constructor(cluster: Cluster, ask: AskAssigned, changed: () => void) {
    this.#cluster = cluster;
    this.#changed = changed;
    this.#leftOver = new LeftOverPartitions(cluster, ask);
    this.#retry = new Timer(cluster.runtime, () => {
      this.#compute();
    });
  }

  /** `done` is not called after the next `run`, `watch` or `stop`. */
  run(response: JoinGroupResponse, assignor: Assignor, done: Done<Assignments>): void {
    const members = this.#read(response);
    const topics = this.#retain(members);
    let failures = 0;
    const compute = (): void => {
      const error = this.#assign(members, topics, assignor, done);
      if (error !== null) done(error, null);
    };
    // what is unknown before the look-up may be there after it; what is unknown after it does not exist
    this.#compute = (): void => {
      this.#cancelRefresh = this.#cluster.metadata.refresh('leads a group', (error) => {
        this.#cancelRefresh = null;
        if (error === null) compute();
        else if (error.fatal) done(error, null);
        else this.#retry.set(this.#pause(failures++));
      });
    };
    if (topics.some((topic) => this.#cluster.metadata.topic(topic) === undefined)) this.#compute();
    else this.#retryNow(compute);
  }

  /** Only watches: the group keeps the assignment it has, unless that leaves partitions out. */
  watch(response: JoinGroupResponse): void {
    const topics = this.#retain(this.#read(response));
    this.#watchFrom(topics);
    this.#leftOver.look(topics, this.#changed);
  }

  stop(): void {
    this.#cancelRefresh?.();
    this.#cancelRefresh = null;
    this.#retry.clear();
    this.#leftOver.stop();
    this.#unwatch?.();
    this.#unwatch = null;
    this.#release?.();
    this.#release = null;
  }

  /** In a turn of its own, like every answer. */
  #retryNow(work: () => void): void {
    this.#compute = work;
    this.#retry.set(0);
  }

  #pause(failures: number): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.options;
    return backoffMs(failures, retryBackoffMs, retryBackoffMaxMs, () => this.#cluster.runtime.random());
  }

  #read(response: JoinGroupResponse): AssignorMember[] {
    return response.members.map(({ memberId, groupInstanceId, metadata }) => {
      const identity = { memberId, groupInstanceId };
      try {
        return { ...identity, ...decodeSubscription(metadata) };
      } catch (error) {
        // one member that cannot be understood must not stop the others
        this.#cluster.logger.warn(
          { error, memberId },
          'Unreadable subscription of a group member, it gets no partitions',
        );
        return { ...identity, topics: [], owned: [], generation: -1, rackId: null, userData: null };
      }
    });
  }

  #retain(members: readonly AssignorMember[]): string[] {
    const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
    const before = this.#release;
    this.#release = null;
    this.stop();
    this.#release = this.#cluster.metadata.retain(topics);
    before?.();
    return topics;
  }

  #assign(
    members: readonly AssignorMember[],
    topics: readonly string[],
    assignor: Assignor,
    done: Done<Assignments>,
  ): KafkaError | null {
    this.#watchFrom(topics);
    const partitionsByTopic = new Map<string, readonly number[]>();
    for (const topic of topics) {
      const count = this.#partitionCount(topic);
      if (count > 0)
        partitionsByTopic.set(
          topic,
          Array.from({ length: count }, (_, partition) => partition),
        );
    }
    let result: ReadonlyMap<string, Parameters<typeof encodeAssignment>[0]>;
    try {
      result = assignor.assign(members, partitionsByTopic);
    } catch (cause) {
      return KafkaError.is(cause) ? cause : new GroupError(`Assignor ${assignor.name} failed`, { cause, fatal: true });
    }
    done(null, new Map(members.map(({ memberId }) => [memberId, encodeAssignment(result.get(memberId) ?? [])])));
    return null;
  }

  /** A topic that was assigned and is missing now has to be missing for good: a broker that is behind must not take it away. */
  #watchFrom(topics: readonly string[]): void {
    const counts = topics.map((topic) => this.#partitionCount(topic));
    const missing = new MissingTopics(this.#cluster);
    this.#unwatch?.();
    this.#unwatch = this.#cluster.metadata.onUpdate(() => {
      const changed = topics.filter((topic, at) => {
        const gone = counts[at] !== 0 && missing.isGone(topic);
        return gone || (!missing.isMissing(topic) && this.#partitionCount(topic) !== counts[at]);
      });
      if (changed.length > 0) this.#changed();
    });
  }

  #partitionCount(topic: string): number {
    const metadata = this.#cluster.metadata.topic(topic);
    return metadata === undefined || metadata.errorCode === unknownTopic ? 0 : metadata.partitions.length;
  }
}
