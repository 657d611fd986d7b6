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
const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const;
/** Configurations whose value is a list: what can be appended to and subtracted from. */
const lists: readonly string[] = [
  'cleanup.policy',
  'follower.replication.throttled.replicas',
  'leader.replication.throttled.replicas',
];
const unknownTopic = code('UNKNOWN_TOPIC_OR_PARTITION');
const invalidRequest = code('INVALID_REQUEST');
const invalidConfig = code('INVALID_CONFIG');

/** IncrementalAlterConfigs (key 44) of topics. @internal */
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
  const known: readonly number[] = Object.values(operation);
  if (!configs.every(({ configOperation }) => known.includes(configOperation))) return invalidRequest;
  const isPart = (configOperation: number): boolean =>
    configOperation === operation.append || configOperation === operation.subtract;
  if (configs.some(({ name, configOperation }) => isPart(configOperation) && !lists.includes(name))) {
    return invalidConfig;
  }
  if (body.validateOnly) return none;
  for (const { name, configOperation, value } of configs) {
    const given = value ?? '';
    if (configOperation === operation.delete) topic.configs.delete(name);
    else if (configOperation === operation.set) topic.configs.set(name, given);
    else topic.configs.set(name, changed(cluster.config(topic, name), given, configOperation === operation.append));
  }
  return none;
}

/** A list with entries more or less; one that is there is not there twice. */
function changed(list: string, given: string, append: boolean): string {
  const now = entriesOf(list);
  const asked = entriesOf(given);
  const left = append
    ? [...now, ...asked.filter((entry) => !now.includes(entry))]
    : now.filter((entry) => !asked.includes(entry));
  return left.join();
}

function entriesOf(list: string): string[] {
  return list.split(',').filter((entry) => entry !== '');
}
