import { type Assignor, type AssignorMember } from '../../../model/assignor.js';
import { emptyAssignment, inOrder, topicsInOrder } from './member-order.js';

/**
 * Topic by topic, a run of neighbouring partitions for each subscribed member; the first ones get one more when it does not
 * come out even. Topics with the same number of partitions and the same subscribers are split alike, which joins by key need.
 * Groups with Java, kafkajs or aiokafka members may use it.
 *
 * @see Kafka: `org.apache.kafka.clients.consumer.RangeAssignor`
 * @public
 */
export const range: Assignor = Object.freeze({
  name: 'range',
  protocol: 'eager',
  assign(members, partitionsByTopic) {
    const result = emptyAssignment(members);
    const ordered = inOrder(members);
    const subscribers = new Map<string, AssignorMember[]>();
    for (const member of ordered) {
      for (const topic of new Set(member.topics)) {
        const list = subscribers.get(topic);
        if (list === undefined) subscribers.set(topic, [member]);
        else list.push(member);
      }
    }
    for (const topic of topicsInOrder(members, partitionsByTopic)) {
      const partitions = partitionsByTopic.get(topic)!;
      const takers = subscribers.get(topic)!;
      const each = Math.floor(partitions.length / takers.length);
      const extra = partitions.length % takers.length;
      let next = 0;
      takers.forEach(({ memberId }, index) => {
        const end = next + each + (index < extra ? 1 : 0);
        const list = result.get(memberId)!;
        for (; next < end; next++) list.push({ topic, partition: partitions[next]! });
      });
    }
    return result;
  },
} satisfies Assignor);
