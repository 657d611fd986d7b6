import {
  offsetDeleteApi,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
} from '../../../protocol/messages/offset-delete.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const notFound = code('GROUP_ID_NOT_FOUND');
const notEmpty = code('NON_EMPTY_GROUP');

/** OffsetDelete (key 47), for groups without members. @internal */
export const offsetDelete = handler(offsetDeleteApi, handle, (_body, errorCode) => ({ errorCode, topics: [] }));

function handle({ body, broker, cluster }: Call<OffsetDeleteRequest>, answer: Answer<OffsetDeleteResponse>): void {
  const error = cluster.groups.coordinatorError(broker, body.groupId);
  const group = cluster.groups.get(body.groupId);
  if (error !== none || group === undefined) {
    answer({ errorCode: error === none ? notFound : error, topics: [] });
    return;
  }
  if (!group.isEmpty) {
    answer({ errorCode: notEmpty, topics: [] });
    return;
  }
  answer({
    errorCode: none,
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        group.offsets.delete(name, partitionIndex);
        return { partitionIndex, errorCode: none };
      }),
    })),
  });
}
