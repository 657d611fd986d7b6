import { type Assignor } from '../../../model/assignor.js';
import { emptyAssignment, inOrder, topicsInOrder } from './member-order.js';

/**
 * All partitions of all topics in order, dealt to the members in turn; a member that did not subscribe to the topic is passed
 * over. Groups with Java, kafkajs or aiokafka members may use it.
 *
 * @see Kafka: `org.apache.kafka.clients.consumer.RoundRobinAssignor`
 * @public
 */
export const roundRobin: Assignor = Object.freeze({
  name: 'roundrobin',
  protocol: 'eager',
  assign(members, partitionsByTopic) {
    const result = emptyAssignment(members);
    const ordered = inOrder(members).map(({ memberId, topics }) => ({ memberId, topics: new Set(topics) }));
    let turn = 0;
    for (const topic of topicsInOrder(members, partitionsByTopic)) {
      for (const partition of partitionsByTopic.get(topic)!) {
        // ends: some member subscribed to this topic
        while (!ordered[turn]!.topics.has(topic)) turn = (turn + 1) % ordered.length;
        result.get(ordered[turn]!.memberId)!.push({ topic, partition });
        turn = (turn + 1) % ordered.length;
      }
    }
    return result;
  },
} satisfies Assignor);
