import {
  offsetCommitApi,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '../../../protocol/messages/offset-commit.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { type Group } from '../groups/group-registry.js';

const illegalGeneration = code('ILLEGAL_GENERATION');
const groupNotFound = code('GROUP_ID_NOT_FOUND');
const unknownPartition = code('UNKNOWN_TOPIC_OR_PARTITION');
const unknownTopicId = code('UNKNOWN_TOPIC_ID');
const metadataTooLarge = code('OFFSET_METADATA_TOO_LARGE');
const firstWithTopicIds = 10;
const firstWithEpochs = 9;

/** OffsetCommit (key 8). Who owns a partition is not checked, and an offset may go back. @internal */
export const offsetCommit = handler(offsetCommitApi, handle, (body, errorCode) => ({
  topics: body.topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  })),
}));

function handle(call: Call<OffsetCommitRequest>, answer: Answer<OffsetCommitResponse>): void {
  const { body, cluster, version } = call;
  const group = accepting(call);
  if (typeof group === 'number') {
    answer(offsetCommit.refuse(body, group));
    return;
  }
  const byId = version >= firstWithTopicIds;
  const longest = cluster.settings.properties['offset.metadata.max.bytes'];
  answer({
    topics: body.topics.map((given) => {
      const topic = cluster.topicOf(given, byId);
      return {
        name: given.name,
        topicId: given.topicId,
        partitions: given.partitions.map(
          ({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
            if (topic === null) return { partitionIndex, errorCode: byId ? unknownTopicId : unknownPartition };
            if (topic.partitions[partitionIndex] === undefined) return { partitionIndex, errorCode: unknownPartition };
            const metadata = committedMetadata ?? '';
            if (metadata.length > longest) return { partitionIndex, errorCode: metadataTooLarge };
            group.offsets.commit(topic.name, partitionIndex, {
              offset: committedOffset,
              leaderEpoch: committedLeaderEpoch,
              metadata,
            });
            return { partitionIndex, errorCode: none };
          },
        ),
      };
    }),
  });
}

/** The group, when it takes the commit; else the error for all of it. */
function accepting({ body, broker, cluster, version }: Call<OffsetCommitRequest>): Group | number {
  const { groups } = cluster;
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: epoch } = body;
  const error = groups.coordinatorError(broker, groupId);
  if (error !== none) return error;
  let group = groups.get(groupId);
  if (group === undefined) {
    if (epoch >= 0) return version >= firstWithEpochs ? groupNotFound : illegalGeneration;
    group = groups.classic(groupId);
  }
  const refused =
    group.kind === 'classic'
      ? group.commitError(memberId, groupInstanceId, epoch, false)
      : group.commitError(memberId, groupInstanceId, epoch, false, version);
  return refused === none ? group : refused;
}
