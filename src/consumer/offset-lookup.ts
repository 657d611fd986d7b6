import { type Cluster } from '../cluster/cluster.js';
import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { type Cancel, type Done } from '../model/done.js';
import { type TopicPartition } from '../model/topic-partition.js';
import { byTopic } from '../protocol/by-topic.js';
import { listOffsetsApi } from '../protocol/messages/list-offsets.js';
import { offsetForLeaderEpochApi } from '../protocol/messages/offset-for-leader-epoch.js';
import { LeaderQuery, type PartOutcome } from './leader-query.js';

/** Special timestamps of ListOffsets. */
export const offsetAt = { latest: -1, earliest: -2 } as const;

/** A question to ListOffsets: the first offset at or after `timestamp`, or one of `offsetAt`. */
export interface OffsetTarget extends TopicPartition {
  /** Milliseconds since the epoch, -1 the end, -2 the beginning. */
  readonly timestamp: number;
}

export interface FoundOffset extends TopicPartition {
  /** -1 where no record is that young. */
  readonly offset: number;
  /** Of the record found, -1 for the end and the beginning. */
  readonly timestamp: number;
  /** -1 where the broker does not say. */
  readonly leaderEpoch: number;
}

export interface EpochTarget extends TopicPartition {
  /** The epoch whose end is asked for. */
  readonly leaderEpoch: number;
}

export interface EpochEnd extends TopicPartition {
  /** Largest epoch of the leader's log that is not above the one asked for, -1 where the leader has none. */
  readonly leaderEpoch: number;
  /** Where that epoch ends on the leader's log, -1 where the leader has none. */
  readonly endOffset: number;
}

/** ListOffsets and OffsetForLeaderEpoch over the control connections, leader by leader, asked again while leaders move. */
export class OffsetLookup {
  readonly #cluster: Cluster;
  readonly #isolation: 0 | 1;
  readonly #timeoutMs: number | null;

  /** `timeoutMs` bounds each question; null = until it is cancelled. With isolation 1 the end is the last stable offset. */
  constructor(cluster: Cluster, isolation: 0 | 1, timeoutMs: number | null = null) {
    this.#cluster = cluster;
    this.#isolation = isolation;
    this.#timeoutMs = timeoutMs;
  }

  /** In the order of the targets. */
  list(targets: readonly OffsetTarget[], done: Done<FoundOffset[]>): Cancel {
    const { control, metadata, options } = this.#cluster;
    const query = new LeaderQuery<OffsetTarget, FoundOffset>(
      this.#cluster,
      targets,
      this.#timeoutMs,
      (broker, asked, answered) => {
        const topics = byTopic(asked, (target) => ({
          partitionIndex: target.partition,
          currentLeaderEpoch: metadata.partition(target.topic, target.partition)?.leaderEpoch ?? -1,
          timestamp: target.timestamp,
        })).map(([name, partitions]) => ({ name, partitions }));
        const request = {
          replicaId: -1,
          isolationLevel: this.#isolation,
          topics,
          timeoutMs: options.requestTimeoutMs,
        };
        // version 0 answers with lists of segment starts and not with offsets
        return control.broker(broker).call(listOffsetsApi, request, { minVersion: 1 }, (error, response) => {
          if (error !== null) {
            answered(error, []);
            return;
          }
          const parts = index(
            response!.topics,
            (topic) => topic.name,
            (part) => part.partitionIndex,
          );
          answered(
            null,
            asked.map((target) =>
              outcome(
                target,
                withoutTimes(parts.get(target.topic)?.get(target.partition)),
                listOffsetsApi.key,
                (part) => ({
                  topic: target.topic,
                  partition: target.partition,
                  offset: part.offset,
                  timestamp: part.timestamp,
                  leaderEpoch: part.leaderEpoch,
                }),
              ),
            ),
          );
        });
      },
      done,
    );
    return () => {
      query.cancel();
    };
  }

  /** Where the log of each partition's leader ends for that epoch: below the own position = the log was truncated (KIP-320). */
  endOfEpoch(targets: readonly EpochTarget[], done: Done<EpochEnd[]>): Cancel {
    const { control, metadata } = this.#cluster;
    const query = new LeaderQuery<EpochTarget, EpochEnd>(
      this.#cluster,
      targets,
      this.#timeoutMs,
      (broker, asked, answered) => {
        const topics = byTopic(asked, (target) => ({
          partition: target.partition,
          currentLeaderEpoch: metadata.partition(target.topic, target.partition)?.leaderEpoch ?? -1,
          leaderEpoch: target.leaderEpoch,
        })).map(([topic, partitions]) => ({ topic, partitions }));
        const channel = control.broker(broker);
        // before version 3 (Kafka 2.3) brokers with records of an old format say that they know no epoch at all
        return channel.call(
          offsetForLeaderEpochApi,
          { replicaId: -1, topics },
          { minVersion: 3 },
          (error, response) => {
            if (error !== null) {
              answered(error, []);
              return;
            }
            const parts = index(
              response!.topics,
              (topic) => topic.topic,
              (part) => part.partition,
            );
            answered(
              null,
              asked.map((target) =>
                outcome(
                  target,
                  parts.get(target.topic)?.get(target.partition),
                  offsetForLeaderEpochApi.key,
                  (part) => ({
                    topic: target.topic,
                    partition: target.partition,
                    leaderEpoch: part.leaderEpoch,
                    endOffset: part.endOffset,
                  }),
                ),
              ),
            );
          },
        );
      },
      done,
    );
    return () => {
      query.cancel();
    };
  }
}

/** Records in a format without timestamps (before 0.10): no offset belongs to a time there, which is no failure of the others. */
function withoutTimes<P extends { readonly errorCode: number; readonly offset: number }>(
  part: P | undefined,
): P | undefined {
  if (part?.errorCode !== ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT) return part;
  return { ...part, errorCode: ErrorCode.NONE, offset: -1, timestamp: -1, leaderEpoch: -1 };
}

function outcome<P extends { readonly errorCode: number }, R>(
  { topic, partition }: TopicPartition,
  part: P | undefined,
  apiKey: number,
  value: (part: P) => R,
): PartOutcome<R> {
  if (part === undefined) {
    const context = `The answer leaves out ${topic}-${partition}`;
    return { fatal: new ProtocolDecodeError(context, { apiKey, topic, partition }) };
  }
  if (part.errorCode === ErrorCode.NONE) return { value: value(part) };
  const error = new BrokerError(part.errorCode, `${topic}-${partition}`, { apiKey, topic, partition });
  return retriablePart(error) ? { again: error } : { fatal: error };
}

/** A topic that is unknown may have been created a moment ago; epochs are fenced while metadata is behind. */
function retriablePart(error: BrokerError): boolean {
  return (
    error.retriable ||
    error.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ||
    error.errorCode === ErrorCode.FENCED_LEADER_EPOCH ||
    error.errorCode === ErrorCode.UNKNOWN_LEADER_EPOCH
  );
}

function index<P, T extends { readonly partitions: readonly P[] }>(
  topics: readonly (T & { readonly partitions: readonly P[] })[],
  name: (topic: T) => string,
  partition: (part: P) => number,
): Map<string, Map<number, P>> {
  return new Map(
    topics.map((topic) => [name(topic), new Map(topic.partitions.map((part) => [partition(part), part]))] as const),
  );
}
