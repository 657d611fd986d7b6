import { type KafkaError } from '../../errors/kafka-error.js';
import { type TopicPartition } from '../../model/topic-partition.js';

/**
 * What a membership asks of the consumer it belongs to. The calls come one after the other, never nested; the host may
 * call back into the membership from inside them, which then acts when the call has returned.
 */
export interface MembershipHost {
  /** Held plus still draining; empty after `lost`. */
  held(): readonly TopicPartition[];
  /** `added` are new, each under an epoch of its own; `all` is what is held from now on, without what drains. */
  assigned(added: readonly TopicPartition[], all: readonly TopicPartition[]): void;
  /** Drain, run `onRevoked`, final commit; `done` afterwards, at the latest at the deadline (`Runtime.now()`). */
  revoke(partitions: readonly TopicPartition[], deadline: number, done: () => void): void;
  /** No longer ours, at once and without commit; ends drains of these partitions, whose `done` means nothing any more. */
  lost(partitions: readonly TopicPartition[], error: KafkaError | null): void;
  state(state: 'joining' | 'stable' | 'rebalancing'): void;
  /** Fatal: authorization, fenced instance, a group this member does not fit in. Nothing is called afterwards. */
  failed(error: KafkaError): void;
}
