import {
  deleteGroupsApi,
  type DeleteGroupsRequest,
  type DeleteGroupsResponse,
} from '../../../protocol/messages/delete-groups.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const notFound = code('GROUP_ID_NOT_FOUND');
const notEmpty = code('NON_EMPTY_GROUP');

/** DeleteGroups (key 42): groups without members, with their offsets. @internal */
export const deleteGroups = handler(deleteGroupsApi, handle, (body, errorCode) => ({
  results: body.groupsNames.map((groupId) => ({ groupId, errorCode })),
}));

function handle({ body, broker, cluster }: Call<DeleteGroupsRequest>, answer: Answer<DeleteGroupsResponse>): void {
  const { groups } = cluster;
  const remove = (groupId: string): number => {
    const error = groups.coordinatorError(broker, groupId);
    if (error !== none) return error;
    const group = groups.get(groupId);
    if (group === undefined) return notFound;
    if (!group.isEmpty) return notEmpty;
    groups.delete(groupId);
    return none;
  };
  answer({ results: body.groupsNames.map((groupId) => ({ groupId, errorCode: remove(groupId) })) });
}
