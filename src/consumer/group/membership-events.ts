import { type KafkaError } from '../../errors/kafka-error.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { type JoinGroupResponse } from '../../protocol/messages/join-group.js';

/** Who a request was sent as. Answers to an older identity say nothing about the present one. */
export interface SentAs {
  readonly memberId: string;
  readonly generation: number;
}

/** An answer: what the broker said, or why there is none. */
export type Answer<T> =
  { readonly error: KafkaError; readonly value: null } | { readonly error: null; readonly value: T };

/** What can happen to a member. `round` is that of the join to which an answer belongs. */
export type MembershipEvent =
  | { readonly type: 'subscribe'; readonly topics: readonly string[] }
  | { readonly type: 'rejoin'; readonly reason: string }
  | { readonly type: 'retry'; readonly round: number }
  | { readonly type: 'joined'; readonly round: number; readonly answer: Answer<JoinGroupResponse> }
  | { readonly type: 'computed'; readonly round: number; readonly answer: Answer<Assignments> }
  | {
      readonly type: 'synced';
      readonly round: number;
      readonly answer: Answer<{ readonly errorCode: number; readonly assignment: readonly TopicPartition[] }>;
    }
  | {
      readonly type: 'heartbeat';
      readonly as: SentAs;
      readonly sentAt: number;
      readonly answer: Answer<{ readonly errorCode: number }>;
    }
  | { readonly type: 'silence' }
  | { readonly type: 'drained'; readonly drain: number }
  | { readonly type: 'commitRefused'; readonly errorCode: number; readonly as: SentAs }
  | { readonly type: 'partitionsChanged' }
  | { readonly type: 'stopRebalancing' }
  | { readonly type: 'expire' }
  | { readonly type: 'progress' }
  | { readonly type: 'leave'; readonly leaveGroup: boolean | undefined }
  | { readonly type: 'left' }
  | { readonly type: 'close' };

/** Encoded assignment per member id. */
export type Assignments = ReadonlyMap<string, Uint8Array>;

/** What is to be done about it, in this order. */
export type MembershipEffect =
  | { readonly do: 'join'; readonly round: number; readonly reason: string }
  | { readonly do: 'compute'; readonly round: number; readonly response: JoinGroupResponse }
  | { readonly do: 'watch'; readonly response: JoinGroupResponse }
  | { readonly do: 'sync'; readonly round: number; readonly assignments: Assignments }
  /** Next try of this round, after a pause that grows with `failures`. */
  | { readonly do: 'retry'; readonly round: number; readonly failures: number }
  /** The requests of the round before are over, also where the broker still holds them. */
  | { readonly do: 'dropJoin' }
  | { readonly do: 'forgetCoordinator' }
  /** Heartbeats from now on; `failures` in a row make the next one come sooner than the interval, but not at once. */
  | { readonly do: 'beat'; readonly failures: number }
  | { readonly do: 'watchSilence'; readonly until: number }
  | { readonly do: 'stopBeating' }
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
  /** `memberId` null: nothing is sent. */
  | { readonly do: 'leave'; readonly memberId: string | null; readonly reason: string }
  /** Identity or readiness for commits changed. */
  | { readonly do: 'changed' };
