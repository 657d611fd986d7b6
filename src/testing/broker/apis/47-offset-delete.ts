import {
  offsetDeleteApi,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
} from '../../../protocol/messages/offset-delete.js';
import { type Answer, type Call, handler } from '../call.js';
import { type ClusterState } from '../cluster-state.js';
import { code, none } from '../codes.js';
import { consumerProtocolType, readSubscription } from '../groups/embedded-protocol.js';
import { type Group } from '../groups/group-registry.js';

const notFound = code('GROUP_ID_NOT_FOUND');
const notEmpty = code('NON_EMPTY_GROUP');
const subscribed = code('GROUP_SUBSCRIBED_TO_TOPIC');

/** OffsetDelete (key 47): offsets of topics to which no member subscribes. @internal */
export const offsetDelete = handler(offsetDeleteApi, handle, (_body, errorCode) => ({ errorCode, topics: [] }));

function handle({ body, broker, cluster }: Call<OffsetDeleteRequest>, answer: Answer<OffsetDeleteResponse>): void {
  const error = cluster.groups.coordinatorError(broker, body.groupId);
  const group = cluster.groups.get(body.groupId);
  if (error !== none || group === undefined) {
    answer({ errorCode: error === none ? notFound : error, topics: [] });
    return;
  }
  if (group.kind === 'classic' && group.members.size > 0 && group.protocolType !== consumerProtocolType) {
    answer({ errorCode: notEmpty, topics: [] });
    return;
  }
  answer({
    errorCode: none,
    topics: body.topics.map(({ name, partitions }) => {
      const errorCode = isSubscribed(cluster, group, name) ? subscribed : none;
      return {
        name,
        partitions: partitions.map(({ partitionIndex }) => {
          if (errorCode === none) group.offsets.delete(name, partitionIndex);
          return { partitionIndex, errorCode };
        }),
      };
    }),
  });
}

/** A member whose subscription cannot be read may be subscribed to anything. */
function isSubscribed(cluster: ClusterState, group: Group, topic: string): boolean {
  if (group.kind === 'consumer') {
    return [...group.members.values()].some((member) => group.topicsOf(member).some(({ name }) => name === topic));
  }
  return group.members.all.some(({ protocols }) => {
    try {
      return protocols.some(({ metadata }) => readSubscription(cluster, metadata).topics.includes(topic));
    } catch {
      return true;
    }
  });
}
