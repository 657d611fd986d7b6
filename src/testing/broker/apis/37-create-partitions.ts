import {
  createPartitionsApi,
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
} from '../../../protocol/messages/create-partitions.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { areReplicas } from '../topic.js';

const unknownTopic = code('UNKNOWN_TOPIC_OR_PARTITION');
const invalidPartitions = code('INVALID_PARTITIONS');
const invalidAssignment = code('INVALID_REPLICA_ASSIGNMENT');

/** CreatePartitions (key 37): a topic can only grow. @internal */
export const createPartitions = handler(createPartitionsApi, handle, (body, errorCode) => ({
  results: body.topics.map(({ name }) => ({ name, errorCode })),
}));

function handle({ body, cluster }: Call<CreatePartitionsRequest>, answer: Answer<CreatePartitionsResponse>): void {
  answer({
    results: body.topics.map(({ name, count, assignments }) => {
      const topic = cluster.topics.get(name);
      if (topic === undefined) return { name, errorCode: unknownTopic };
      const has = topic.partitions.length;
      if (count <= has) {
        const errorMessage = `The topic ${name} currently has ${has} partition(s); ${count} would not be an increase.`;
        return { name, errorCode: invalidPartitions, errorMessage };
      }
      const given = assignments?.map(({ brokerIds }) => brokerIds) ?? null;
      const factor = topic.partitions[0]!.replicas.length;
      const fits = (ids: readonly number[]): boolean => areReplicas(ids, cluster.brokers) && ids.length === factor;
      if (given !== null && (given.length !== count - has || !given.every(fits))) {
        return { name, errorCode: invalidAssignment };
      }
      if (!body.validateOnly) cluster.extend(topic, count, given);
      return { name, errorCode: none };
    }),
  });
}
