import {
  listGroupsApi,
  type ListGroupsRequest,
  type ListGroupsResponse,
} from '../../../protocol/messages/list-groups.js';
import { type Answer, type Call, handler } from '../call.js';
import { none } from '../codes.js';

/** ListGroups (key 16): the groups that this broker coordinates. @internal */
export const listGroups = handler(listGroupsApi, handle, (_body, errorCode) => ({ errorCode, groups: [] }));

function handle({ body, broker, cluster }: Call<ListGroupsRequest>, answer: Answer<ListGroupsResponse>): void {
  const wanted = (filter: readonly string[], value: string): boolean =>
    filter.length === 0 || filter.some((each) => each.toLowerCase() === value.toLowerCase());
  answer({
    errorCode: none,
    groups: cluster.groups
      .of(broker)
      .map((group) => ({
        groupId: group.id,
        protocolType: group.kind === 'classic' ? (group.protocolType ?? '') : 'consumer',
        groupState: group.state,
        groupType: group.kind,
      }))
      .filter(
        ({ groupState, groupType }) => wanted(body.statesFilter, groupState) && wanted(body.typesFilter, groupType),
      ),
  });
}
