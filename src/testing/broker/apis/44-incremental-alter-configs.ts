import {
  incrementalAlterConfigsApi,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsRequestAlterConfigsResource,
  type IncrementalAlterConfigsResponse,
} from '../../../protocol/messages/incremental-alter-configs.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { topicConfigNames } from '../topic-configs.js';

const topicResource = 2;
const operation = { set: 0, delete: 1 } as const;
const unknownTopic = code('UNKNOWN_TOPIC_OR_PARTITION');
const invalidRequest = code('INVALID_REQUEST');
const invalidConfig = code('INVALID_CONFIG');

/** IncrementalAlterConfigs (key 44) of topics: set and delete. @internal */
export const incrementalAlterConfigs = handler(incrementalAlterConfigsApi, handle, (body, errorCode) => ({
  responses: body.resources.map(({ resourceType, resourceName }) => ({ errorCode, resourceType, resourceName })),
}));

function handle(call: Call<IncrementalAlterConfigsRequest>, answer: Answer<IncrementalAlterConfigsResponse>): void {
  answer({
    responses: call.body.resources.map((asked) => {
      const { resourceType, resourceName } = asked;
      return { errorCode: alter(call, asked), resourceType, resourceName };
    }),
  });
}

function alter(
  { body, cluster }: Call<IncrementalAlterConfigsRequest>,
  { resourceType, resourceName, configs }: IncrementalAlterConfigsRequestAlterConfigsResource,
): number {
  if (resourceType !== topicResource) return invalidRequest;
  const topic = cluster.topics.get(resourceName);
  if (topic === undefined) return unknownTopic;
  if (!configs.every(({ name }) => topicConfigNames.includes(name))) return invalidConfig;
  const known: readonly number[] = [operation.set, operation.delete];
  if (!configs.every(({ configOperation }) => known.includes(configOperation))) return invalidRequest;
  if (body.validateOnly) return none;
  for (const { name, configOperation, value } of configs) {
    if (configOperation === operation.delete) topic.configs.delete(name);
    else topic.configs.set(name, value ?? '');
  }
  return none;
}
