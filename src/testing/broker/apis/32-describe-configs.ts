import {
  describeConfigsApi,
  type DescribeConfigsRequest,
  type DescribeConfigsRequestDescribeConfigsResource,
  type DescribeConfigsResponse,
} from '../../../protocol/messages/describe-configs.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { topicConfigNames } from '../topic-configs.js';

const resource = { topic: 2, broker: 4, group: 32 } as const;
const source = { topic: 1, staticBroker: 4, byDefault: 5 } as const;
const unknownTopic = code('UNKNOWN_TOPIC_OR_PARTITION');
const invalidRequest = code('INVALID_REQUEST');

/** DescribeConfigs (key 32) of topics and brokers. @internal */
export const describeConfigs = handler(describeConfigsApi, handle, (body, errorCode) => ({
  results: body.resources.map(({ resourceType, resourceName }) => ({
    errorCode,
    resourceType,
    resourceName,
    configs: [],
  })),
}));

function handle(call: Call<DescribeConfigsRequest>, answer: Answer<DescribeConfigsResponse>): void {
  answer({
    results: call.body.resources.map((asked) => {
      const { resourceType, resourceName, configurationKeys } = asked;
      const found = entries(call, asked);
      if (typeof found === 'number') return { errorCode: found, resourceType, resourceName, configs: [] };
      const configs = found
        .filter(
          ({ name }) =>
            configurationKeys === null || configurationKeys.length === 0 || configurationKeys.includes(name),
        )
        .map((entry) => ({
          ...entry,
          readOnly: false,
          isDefault: entry.configSource === source.byDefault,
          isSensitive: false,
          synonyms: call.body.includeSynonyms
            ? [{ name: entry.name, value: entry.value, source: entry.configSource }]
            : [],
          configType: 2,
        }));
      return { errorCode: none, resourceType, resourceName, configs };
    }),
  });
}

function entries({ cluster }: Call, { resourceType, resourceName }: DescribeConfigsRequestDescribeConfigsResource) {
  switch (resourceType) {
    case resource.topic: {
      const topic = cluster.topics.get(resourceName);
      if (topic === undefined) return unknownTopic;
      return topicConfigNames.map((name) => ({
        name,
        value: cluster.config(topic, name),
        configSource: topic.configs.has(name) ? source.topic : source.byDefault,
      }));
    }
    case resource.broker:
      if (resourceName !== '' && !cluster.brokers.has(Number(resourceName))) return invalidRequest;
      return Object.entries(cluster.settings.properties).map(([name, value]) => ({
        name,
        value: String(value),
        configSource: source.staticBroker,
      }));
    case resource.group:
      return [];
    default:
      return invalidRequest;
  }
}
