import { ByteReader } from '../../bytes/byte-reader.js';
import { ByteWriter } from '../../bytes/byte-writer.js';
import { type AssignorMember } from '../../model/assignor.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { type Input, type MessageTable } from '../../protocol/api.js';
import { readMessage, writeMessage } from '../../protocol/interpreter.js';
import { consumerProtocolAssignment } from '../../protocol/messages/consumer-protocol-assignment.js';
import { consumerProtocolSubscription } from '../../protocol/messages/consumer-protocol-subscription.js';
import { PartitionSet } from '../../cluster/partition-set.js';

/** `protocolType` of every classic consumer group. */
export const consumerProtocolType = 'consumer';

/** What a member says of itself when it joins; opaque to the broker, read by the leader. */
export type Subscription = Pick<AssignorMember, 'topics' | 'owned' | 'generation' | 'rackId' | 'userData'>;

const highestSubscription = 3;

/** Version first, then the message: embedded consumer protocol, as in Kafka's `ConsumerProtocol`. */
export function encodeSubscription(subscription: Subscription, version: number = highestSubscription): Uint8Array {
  return encode(consumerProtocolSubscription, version, {
    topics: [...subscription.topics].sort(),
    userData: subscription.userData,
    ownedPartitions: grouped(subscription.owned),
    generationId: subscription.generation,
    rackId: subscription.rackId,
  });
}

/**
 * Newer versions than ours are read as our highest: what they add comes after it.
 * @throws ProtocolDecodeError
 */
export function decodeSubscription(bytes: Uint8Array): Subscription {
  const value = decode(consumerProtocolSubscription, bytes);
  return {
    topics: [...new Set(value.topics)],
    userData: value.userData,
    owned: flat(value.ownedPartitions),
    generation: value.generationId,
    rackId: value.rackId,
  };
}

/** Version 0: the later ones have the same fields, and every client reads it. */
export function encodeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  const userData = new Uint8Array(0);
  return encode(consumerProtocolAssignment, 0, { assignedPartitions: grouped(partitions), userData });
}

/**
 * Each partition once. A member that the leader gave nothing may get no bytes at all.
 * @throws ProtocolDecodeError
 */
export function decodeAssignment(bytes: Uint8Array): TopicPartition[] {
  if (bytes.length === 0) return [];
  return new PartitionSet(flat(decode(consumerProtocolAssignment, bytes).assignedPartitions)).list();
}

function encode<T>(table: MessageTable<T>, version: number, value: NoInfer<Input<T>>): Uint8Array {
  const writer = new ByteWriter();
  writer.int16(version);
  writeMessage(table, version, value, writer);
  return writer.toBytes();
}

function decode<T>(table: MessageTable<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const version = Math.min(reader.int16(), table.maxVersion);
  return readMessage(table, version, reader);
}

interface TopicPartitions {
  readonly topic: string;
  readonly partitions: number[];
}

function grouped(partitions: readonly TopicPartition[]): TopicPartitions[] {
  const byTopic = [...new PartitionSet(partitions).topics()].sort(([left], [right]) => (left < right ? -1 : 1));
  return byTopic.map(([topic, set]) => ({ topic, partitions: [...set].sort((left, right) => left - right) }));
}

function flat(topics: readonly TopicPartitions[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
