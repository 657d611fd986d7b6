import { ByteReader } from '../../../bytes/byte-reader.js';
import { ByteWriter } from '../../../bytes/byte-writer.js';
import { KafkaError } from '../../../errors/kafka-error.js';
import { type TopicPartition } from '../../../model/topic-partition.js';
import { PartitionSet } from '../../../cluster/partition-set.js';

/** What a member had before, and in which generation. */
export interface Claim {
  readonly owned: readonly TopicPartition[];
  readonly generation: number;
}

/** User data of `sticky`: previous assignment and its generation (KIP-54, version 1). */
export function encodeClaim(claim: Claim): Uint8Array {
  const writer = new ByteWriter();
  const topics = new PartitionSet(claim.owned).topics();
  writer.int32(topics.size);
  for (const [topic, partitions] of topics) {
    writer.string(topic);
    writer.int32(partitions.size);
    for (const partition of partitions) writer.int32(partition);
  }
  writer.int32(claim.generation);
  return writer.toBytes();
}

/** Version 0 lacks the generation. Null when the bytes are something else: stickiness is a wish, not a condition. */
export function decodeClaim(bytes: Uint8Array): Claim | null {
  return attempt(() => {
    const reader = new ByteReader(bytes);
    const owned: TopicPartition[] = [];
    for (let topics = reader.int32(); topics > 0; topics--) {
      const topic = reader.string();
      for (let count = reader.int32(); count > 0; count--) owned.push({ topic, partition: reader.int32() });
    }
    return { owned, generation: reader.remaining >= 4 ? reader.int32() : -1 };
  });
}

/** User data of `cooperative-sticky`: the generation, for leaders that read subscriptions below version 2. */
export function encodeGeneration(generation: number): Uint8Array {
  const writer = new ByteWriter(4);
  writer.int32(generation);
  return writer.toBytes();
}

/** -1 when the bytes are something else. */
export function decodeGeneration(bytes: Uint8Array): number {
  return attempt(() => new ByteReader(bytes).int32()) ?? -1;
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (KafkaError.is(error)) return null;
    throw error;
  }
}
