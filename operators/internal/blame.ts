import { KafkaError } from '../../src/errors/kafka-error.js';
import type { TopicPartition } from '../../src/model/topic-partition.js';
import { firstRecordOf } from './leases.js';

/** The record an error is about, for those who catch the error further down. Errors are not kept by it. */
const blamed = new WeakMap<object, TopicPartition & { readonly offset: number }>();

/** Called by an operator before it fails its stream because of an element. */
export function blame(error: unknown, item: unknown): void {
  if (typeof error !== 'object' || error === null) return;
  const { topic, partition, offset } = firstRecordOf(item);
  // elements without a record below (tests, bridges)
  if (typeof offset === 'number') blamed.set(error, { topic, partition, offset });
}

/** Offset of the record of that partition which the error is about, null when nobody said so. */
export function blamedOffset(error: unknown, at: TopicPartition): number | null {
  if (typeof error !== 'object' || error === null) return null;
  const facts = blamed.get(error) ?? (KafkaError.is(error) ? error : undefined);
  if (facts?.topic !== at.topic || facts.partition !== at.partition) return null;
  return facts.offset ?? null;
}
