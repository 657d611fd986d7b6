import { type KafkaError } from '../../errors/kafka-error.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { type Input } from '../../protocol/api.js';
import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
} from '../../protocol/messages/consumer-group-heartbeat.js';
import { type Answer, type SentAs } from './membership-events.js';

/** Topic names by id, as far as the cluster's metadata has them. */
export type TopicNamesById = ReadonlyMap<string, string>;

/** What can happen to a member of a KIP-848 group. `beat` is the number of the heartbeat to which an answer belongs. */
export type ConsumerMemberEvent =
  | { readonly type: 'subscribe'; readonly topics: readonly string[]; readonly pattern: string | null }
  | { readonly type: 'beatDue' }
  | {
      readonly type: 'answered';
      readonly beat: number;
      readonly sentAt: number;
      readonly answer: Answer<ConsumerGroupHeartbeatResponse>;
      /** Of the topics in its assignment. */
      readonly names: TopicNamesById;
    }
  /** Metadata has learned names that were missing. */
  | { readonly type: 'named'; readonly names: TopicNamesById }
  | { readonly type: 'silence' }
  | { readonly type: 'drained'; readonly drain: number }
  | { readonly type: 'refused'; readonly errorCode: number; readonly as: SentAs }
  /** Somebody found that the coordinator is another one, or cannot be reached. */
  | { readonly type: 'coordinatorLost' }
  | { readonly type: 'stopRebalancing' }
  | { readonly type: 'expire' }
  | { readonly type: 'progress' }
  | { readonly type: 'leave'; readonly leaveGroup: boolean | undefined }
  | { readonly type: 'left' }
  | { readonly type: 'close' };

/** What is to be done about it, in this order. */
export type ConsumerMemberEffect =
  | { readonly do: 'heartbeat'; readonly beat: number; readonly request: Input<ConsumerGroupHeartbeatRequest> }
  /** The next heartbeat, if nothing asks for one before: after the interval, or after a pause that grows with `failures`. */
  | { readonly do: 'beatIn'; readonly failures: number }
  /** Neither timer nor answer count any more. */
  | { readonly do: 'stopBeating' }
  | { readonly do: 'watchSilence'; readonly until: number }
  | { readonly do: 'forgetCoordinator' }
  /** Ids without a name; none: stop looking. */
  | { readonly do: 'resolve'; readonly ids: readonly string[] }
  /** Topics whose metadata this member needs. */
  | { readonly do: 'retain'; readonly topics: readonly string[] }
  | { readonly do: 'assigned'; readonly added: readonly TopicPartition[]; readonly all: readonly TopicPartition[] }
  | {
      readonly do: 'revoke';
      readonly drain: number;
      readonly partitions: readonly TopicPartition[];
      readonly deadline: number;
    }
  | { readonly do: 'lost'; readonly partitions: readonly TopicPartition[]; readonly error: KafkaError | null }
  | { readonly do: 'state'; readonly state: 'joining' | 'stable' | 'rebalancing' }
  | { readonly do: 'failed'; readonly error: KafkaError }
  /** -1: for good. -2: a static member that will come back. Null: nothing is sent. */
  | { readonly do: 'leave'; readonly epoch: -1 | -2 | null }
  /** Identity or readiness for commits changed. */
  | { readonly do: 'changed' };
