import { BrokerError } from '../../errors/broker-error.js';
import { GroupError } from '../../errors/client-errors.js';
import { KafkaError } from '../../errors/kafka-error.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { describeGroupsApi, type DescribeGroupsResponse } from '../../protocol/messages/describe-groups.js';
import { joinGroupApi, type JoinGroupResponse } from '../../protocol/messages/join-group.js';
import { leaveGroupApi } from '../../protocol/messages/leave-group.js';
import { syncGroupApi } from '../../protocol/messages/sync-group.js';
import { groupVerdict } from './group-errors.js';
import { type GroupLink } from './group-link.js';
import { type GroupOptions } from './group-options.js';
import { type Answer, type Assignments } from './membership-events.js';
import { type MemberState } from './member-state.js';
import { consumerProtocolType, decodeAssignment, encodeSubscription } from './subscription-codec.js';

type Reply<T> = (answer: Answer<T>) => void;

/** The requests of a classic member, from its state to the wire and back. */
export class GroupCalls {
  readonly #link: GroupLink;
  readonly #options: GroupOptions;
  #protocolName: string | null = null;

  constructor(link: GroupLink, options: GroupOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** The coordinator answers when all members are there, or the rebalance timeout is over. */
  join(state: MemberState, owned: readonly TopicPartition[], reason: string, reply: Reply<JoinGroupResponse>): Cancel {
    const { groupId, groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs, clientRack } = this.#options;
    const protocols = this.#options.assignors.map((assignor) => ({
      name: assignor.name,
      metadata: encodeSubscription({
        topics: state.topics,
        owned,
        generation: state.generation,
        rackId: clientRack === '' ? null : clientRack,
        userData: assignor.userData?.(state.lastAssignment, state.lastGeneration) ?? null,
      }),
    }));
    const body = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: state.memberId,
      groupInstanceId,
      protocolType: consumerProtocolType,
      protocols,
      reason: reason.slice(0, 255),
    };
    return this.#link.call('join', joinGroupApi, body, { timeoutMs: this.#roundMs }, (error, response) => {
      if (response !== null) this.#protocolName = response.protocolName;
      reply(toAnswer(error, response, (value) => value));
    });
  }

  /** The coordinator answers when the leader has sent its assignment. */
  sync(
    state: MemberState,
    assignments: Assignments,
    reply: Reply<{ errorCode: number; assignment: readonly TopicPartition[] }>,
  ): Cancel {
    const body = {
      groupId: this.#options.groupId,
      generationId: state.generation,
      memberId: state.memberId,
      groupInstanceId: this.#options.groupInstanceId,
      protocolType: consumerProtocolType,
      protocolName: this.#protocolName,
      assignments: [...assignments].map(([memberId, assignment]) => ({ memberId, assignment })),
    };
    return this.#link.call('join', syncGroupApi, body, { timeoutMs: this.#roundMs }, (error, response) => {
      const read = ({ errorCode, assignment }: NonNullable<typeof response>): ReturnType<typeof synced> =>
        synced(errorCode, assignment);
      reply(toAnswer(error, response, read));
    });
  }

  /** What the members have, as the coordinator knows it; 'unknown' while they settle it anew. */
  assigned(done: Done<readonly TopicPartition[] | 'unknown'>): Cancel {
    const { groupId, requestTimeoutMs } = this.#options;
    const body = { groups: [groupId], includeAuthorizedOperations: false };
    return this.#link.call('group', describeGroupsApi, body, { timeoutMs: requestTimeoutMs }, (error, response) => {
      if (response === null) {
        done(error, null);
        return;
      }
      const [group] = response.groups;
      const code = group?.errorCode ?? 0;
      if (groupVerdict(code) === 'find') this.#link.forget();
      if (code === 0) done(null, allAssigned(group));
      else done(new BrokerError(code, `Assignment of group ${JSON.stringify(groupId)}`), null);
    });
  }

  leave(memberId: string, reason: string, done: () => void): Cancel {
    const { groupId, groupInstanceId, requestTimeoutMs } = this.#options;
    const body = (version: number): object =>
      version < 3 ? { groupId, memberId } : { groupId, members: [{ memberId, groupInstanceId, reason }] };
    // whatever the answer: the session ends by itself
    return this.#link.call('group', leaveGroupApi, body, { timeoutMs: requestTimeoutMs }, done);
  }

  get #roundMs(): number {
    return Math.max(this.#options.requestTimeoutMs, this.#options.rebalanceTimeoutMs + 5000);
  }
}

function synced(errorCode: number, bytes: Uint8Array): { errorCode: number; assignment: readonly TopicPartition[] } {
  return { errorCode, assignment: errorCode === 0 ? decodeAssignment(bytes) : [] };
}

function allAssigned(
  group: DescribeGroupsResponse['groups'][number] | undefined,
): readonly TopicPartition[] | 'unknown' {
  if (group?.groupState !== 'Stable') return 'unknown';
  try {
    return group.members.flatMap(({ memberAssignment }) => decodeAssignment(memberAssignment));
  } catch (cause) {
    if (!KafkaError.is(cause)) throw cause;
    return 'unknown';
  }
}

function toAnswer<A, B>(error: Parameters<Done<A>>[0], value: A | null, read: (value: A) => B): Answer<B> {
  if (value === null) return { error: error ?? new GroupError('A call was answered with nothing'), value: null };
  try {
    return { error: null, value: read(value) };
  } catch (cause) {
    if (!KafkaError.is(cause)) throw cause;
    return { error: new GroupError('The leader sent an unreadable assignment', { cause, fatal: true }), value: null };
  }
}
