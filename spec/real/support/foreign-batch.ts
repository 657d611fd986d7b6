import { BatchBuffer } from '../../../src/codecs/record-batch-writer.js';
import { Cluster } from '../../../src/cluster/cluster.js';
import { resolveKafkaOptions } from '../../../src/observables/kafka-options.js';
import { produceApi } from '../../../src/protocol/messages/produce.js';
import { nodeRuntime } from '../../../src/runtime/node/node-runtime.js';
import { type StoredBatch } from '../../support/peers/stored-batches.js';

/** Where a batch goes on: partition 0 of the topic, behind the last stored one of a transaction that is open. */
export interface ForeignBatch {
  readonly topic: string;
  readonly transactionalId: string;
  readonly behind: StoredBatch;
  readonly records: number;
}

/**
 * Writes records under the identity of somebody else, in his open transaction, on a connection of its own: his next batch is out of
 * sequence then. Resolves with the error code of the answer.
 */
export async function writeForeign(bootstrapServers: string, batch: ForeignBatch): Promise<number> {
  const { topic, transactionalId, behind, records } = batch;
  const cluster = new Cluster(resolveKafkaOptions({ bootstrapServers }).cluster, nodeRuntime(), () => undefined);
  const buffer = new BatchBuffer(10_000);
  for (let n = 0; n < records; n++) buffer.append(Date.now(), null, new Uint8Array(1), null);
  const bytes = buffer.finish({
    producerId: behind.producerId,
    producerEpoch: behind.producerEpoch,
    baseSequence: behind.baseSequence + behind.recordCount,
    transactional: true,
    compression: { type: 'none', level: undefined },
  })!;
  try {
    const leader = await new Promise<number>((resolve, reject) => {
      cluster.metadata.retain([topic]);
      cluster.metadata.refresh('leader', (error) => {
        if (error === null) resolve(cluster.metadata.topic(topic)!.partitions[0]!.leader);
        else reject(error);
      });
    });
    return await new Promise<number>((resolve, reject) => {
      const topicData = [{ name: topic, partitionData: [{ index: 0, records: [bytes] }] }];
      const body = { transactionalId, acks: -1, timeoutMs: 10_000, topicData };
      cluster.control.broker(leader).call(produceApi, body, { maxVersion: 11 }, (error, response) => {
        if (response === null) reject(error ?? new Error('no answer'));
        else resolve(response.responses[0]!.partitionResponses[0]!.errorCode);
      });
    });
  } finally {
    cluster.close();
  }
}
