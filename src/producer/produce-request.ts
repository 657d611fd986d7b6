import { type Input } from '../protocol/api.js';
import { type ProduceRequest } from '../protocol/messages/produce.js';
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
    for (const batch of this.batches) batch.onWire = !batch.expired;
    return {
      transactionalId,
      acks,
      timeoutMs,
      topicData: this.#topics
        .map((topic) => ({
          ...(version < firstVersionWithTopicIds ? { name: topic.name } : { topicId: topic.topicId }),
          partitionData: topic.batches
            .filter(({ onWire }) => onWire)
            .map((batch) => ({ index: batch.queue.partition, records: [batch.bytes!] })),
        }))
        .filter(({ partitionData }) => partitionData.length > 0),
    };
  }

  /** Name of an answered topic: by name up to version 12, by id behind it. */
  topicName(name: string, topicId: string): string {
    if (name !== '') return name;
    return this.#topics.find((topic) => topic.topicId === topicId)?.name ?? '';
  }
}
