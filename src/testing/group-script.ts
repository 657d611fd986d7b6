import type { ConsumerSettings } from '../model/consumer.js';
import type { OffsetList, TopicPartition } from '../model/topic-partition.js';
import type { RecordInit } from './test-record.js';

/** What the coordinator of a scripted group says under one letter; several things at once are legal. @public */
export interface GroupEvent {
  /** The consumer gets these partitions. Those that it still drains come back when their drain has ended. */
  readonly assign?: readonly TopicPartition[];
  /** It has to give them up: they drain, are committed and handed over, at the latest after `deadlineMs`. */
  readonly revoke?: readonly TopicPartition[];
  /** They are somebody else's already: open leases are fenced at once and nothing of them is committed any more. */
  readonly lose?: readonly TopicPartition[];
  /** For `revoke`, in milliseconds. @defaultValue `drainTimeoutMs` of the consumer */
  readonly deadlineMs?: number;
}

/** The log of a partition: `records` says when the record of which letter is appended, `#` that reading fails. @public */
export interface PartitionScript<K, V> extends TopicPartition {
  /** A marble line. */
  readonly records: string;
  /** The record of each letter. */
  readonly values: Readonly<Record<string, RecordInit<K, V>>>;
}

/** A consumer's options that mean something without a broker; defaults are the consumer's. @public */
export type ScriptedConsumerSettings = Pick<
  ConsumerSettings,
  | 'groupId'
  | 'autoOffsetReset'
  | 'acknowledge'
  | 'commit'
  | 'window'
  | 'maxPollRecords'
  | 'maxPollIntervalMs'
  | 'drainTimeoutMs'
  | 'stallWarningMs'
  | 'offsetStore'
  | 'onAssigned'
  | 'onRevoked'
  | 'onLost'
>;

/** What a scripted group is about, and how its consumer is set up. @public */
export interface GroupSetup<K, V> extends ScriptedConsumerSettings {
  /** Logs of the partitions, on the marble line of the test: what is appended before an assignment waits for it. */
  readonly logs?: readonly PartitionScript<K, V>[];
  /** Offsets that the group has stored before the test. @defaultValue the beginning of every partition */
  readonly committed?: OffsetList;
  /** How long the coordinator takes to answer a commit, in milliseconds. @defaultValue 0 */
  readonly commitMs?: number;
}
