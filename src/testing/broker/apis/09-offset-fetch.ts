import {
  offsetFetchApi,
  type OffsetFetchRequest,
  type OffsetFetchRequestOffsetFetchRequestGroup,
  type OffsetFetchResponse,
} from '../../../protocol/messages/offset-fetch.js';
import { ZERO_UUID } from '../../../bytes/uuid.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { type GroupOffsets } from '../groups/group-offsets.js';

type Asked = Pick<OffsetFetchRequestOffsetFetchRequestGroup, 'groupId' | 'memberId' | 'memberEpoch' | 'topics'>;

const unstable = code('UNSTABLE_OFFSET_COMMIT');
const unknownTopicId = code('UNKNOWN_TOPIC_ID');
const firstWithGroups = 8;
const firstWithTopicIds = 10;

/** OffsetFetch (key 9), from v8 for several groups; undecided transactions make an offset unstable (KIP-447). @internal */
export const offsetFetch = handler(offsetFetchApi, handle, (body, errorCode) => ({
  errorCode,
  topics: (body.topics ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => nothing(partitionIndex, errorCode)),
  })),
  groups: body.groups.map(({ groupId }) => ({ groupId, errorCode, topics: [] })),
}));

function handle(call: Call<OffsetFetchRequest>, answer: Answer<OffsetFetchResponse>): void {
  const { body, version } = call;
  if (version >= firstWithGroups) {
    answer({ groups: body.groups.map((group) => look(call, group)) });
    return;
  }
  const topics =
    body.topics?.map(({ name, partitionIndexes }) => ({ name, topicId: ZERO_UUID, partitionIndexes })) ?? null;
  const found = look(call, { groupId: body.groupId, memberId: null, memberEpoch: -1, topics });
  answer({ errorCode: found.errorCode, topics: found.topics });
}

function look(call: Call<OffsetFetchRequest>, asked: Asked) {
  const { broker, cluster, version } = call;
  const { groupId } = asked;
  const group = cluster.groups.get(groupId);
  const coordinatorError = cluster.groups.coordinatorError(broker, groupId);
  const memberError = group?.kind === 'consumer' ? group.fetchError(asked.memberId, asked.memberEpoch) : none;
  const errorCode = coordinatorError !== none ? coordinatorError : memberError;
  if (errorCode !== none) return { groupId, errorCode, topics: [] };
  const offsets = group?.offsets ?? null;
  const topics = (asked.topics ?? committed(call, offsets)).map((wanted) => {
    const byId = version >= firstWithTopicIds;
    const topic = byId ? cluster.topicsById.get(wanted.topicId) : undefined;
    const name = byId ? (topic?.name ?? '') : wanted.name;
    return {
      name,
      topicId: wanted.topicId,
      partitions: wanted.partitionIndexes.map((index) =>
        byId && topic === undefined ? nothing(index, unknownTopicId) : found(call, offsets, name, index),
      ),
    };
  });
  return { groupId, errorCode: none, topics };
}

function found({ body }: Call<OffsetFetchRequest>, offsets: GroupOffsets | null, topic: string, index: number) {
  if (body.requireStable && offsets?.isUnstable(topic, index) === true) return nothing(index, unstable);
  const stored = offsets?.get(topic, index) ?? null;
  if (stored === null) return nothing(index, none);
  return {
    partitionIndex: index,
    committedOffset: stored.offset,
    committedLeaderEpoch: stored.leaderEpoch,
    metadata: stored.metadata,
    errorCode: none,
  };
}

function committed({ cluster }: Call<OffsetFetchRequest>, offsets: GroupOffsets | null) {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of offsets?.all() ?? []) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics].map(([name, partitionIndexes]) => ({
    name,
    topicId: cluster.topics.get(name)?.id ?? ZERO_UUID,
    partitionIndexes,
  }));
}

function nothing(partitionIndex: number, errorCode: number) {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode };
}
