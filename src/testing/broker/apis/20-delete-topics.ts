import { ZERO_UUID } from '../../../bytes/uuid.js';
import {
  deleteTopicsApi,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
} from '../../../protocol/messages/delete-topics.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const unknownTopic = code('UNKNOWN_TOPIC_OR_PARTITION');
const unknownId = code('UNKNOWN_TOPIC_ID');
const disabled = code('TOPIC_DELETION_DISABLED');
const firstWithIds = 6;

/** DeleteTopics (key 20), from v6 by name or id. @internal */
export const deleteTopics = handler(deleteTopicsApi, handle, (body, errorCode) => ({
  responses: [...body.topics, ...body.topicNames.map((name) => ({ name, topicId: ZERO_UUID }))].map(
    ({ name, topicId }) => ({ name, topicId, errorCode }),
  ),
}));

function handle({ body, cluster, version }: Call<DeleteTopicsRequest>, answer: Answer<DeleteTopicsResponse>): void {
  const asked = version >= firstWithIds ? body.topics : body.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
  answer({
    responses: asked.map(({ name, topicId }) => {
      const byId = name === null;
      const topic = byId ? cluster.topicsById.get(topicId) : cluster.topics.get(name);
      if (!cluster.settings.properties['delete.topic.enable']) return { name, topicId, errorCode: disabled };
      if (topic === undefined) return { name, topicId, errorCode: byId ? unknownId : unknownTopic };
      cluster.deleteTopic(topic);
      return { name: topic.name, topicId: topic.id, errorCode: none };
    }),
  });
}
