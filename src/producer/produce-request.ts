import { type Input } from '../protocol/api.js';
import { type Bytes } from '../model/topic-partition.js';
import { type ProduceRequest, type ProduceRequestTopicProduceData } from '../protocol/messages/produce.js';
import { type Metadata } from '../cluster/metadata.js';
import { ZERO_UUID } from '../bytes/uuid.js';
import { type ProduceBatch } from './produce-batch.js';

/** From this version on topics are named by id (KIP-516). */
export const firstVersionWithTopicIds = 13;

/** The batches of one request, at most one per partition, grouped by topic in the order in which they are sent. */
export class ProduceCall {
  readonly batches: readonly ProduceBatch[];
  /** The body depends on the version only by name or id, so it can be made for either. */
  readonly maxVersion: number | undefined;
  readonly #topics: readonly { readonly name: string; readonly topicId: string; readonly batches: ProduceBatch[] }[];

  constructor(batches: readonly ProduceBatch[], metadata: Metadata) {
    const topics: { name: string; topicId: string; batches: ProduceBatch[] }[] = [];
    for (const batch of batches) {
      const name = batch.queue.topic;
      let topic = topics.find((candidate) => candidate.name === name);
      if (topic === undefined) {
        topic = { name, topicId: metadata.topic(name)?.topicId ?? ZERO_UUID, batches: [] };
        topics.push(topic);
      }
      topic.batches.push(batch);
    }
    this.#topics = topics;
    this.batches = topics.length === 1 ? batches : topics.flatMap((topic) => topic.batches);
    this.maxVersion = topics.some((topic) => topic.topicId === ZERO_UUID) ? firstVersionWithTopicIds - 1 : undefined;
  }

  /**
   * Made when the request is written, and not before. A batch that was given up while the request waited for a connection has been
   * called not written: it stays out. Frames go by reference: they must not change before the request is answered or given up.
   */
  body(version: number, acks: number, timeoutMs: number, transactionalId: string | null): Input<ProduceRequest> {
    const topicData: Input<ProduceRequestTopicProduceData>[] = [];
    for (const { name, topicId, batches } of this.#topics) {
      const partitionData: { index: number; records: Bytes[] }[] = [];
      for (const batch of batches) {
        batch.onWire = !batch.expired;
        if (batch.onWire) partitionData.push({ index: batch.queue.partition, records: [batch.bytes!] });
      }
      if (partitionData.length === 0) continue;
      topicData.push(version < firstVersionWithTopicIds ? { name, partitionData } : { topicId, partitionData });
    }
    return { transactionalId, acks, timeoutMs, topicData };
  }

  /** Name of an answered topic, the string that its batches have: by name up to version 12, by id behind it. */
  topicName(name: string, topicId: string): string {
    for (const topic of this.#topics)
      if (name === '' ? topic.topicId === topicId : topic.name === name) return topic.name;
    return name;
  }
}
