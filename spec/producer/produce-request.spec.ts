import { BatchBuffer } from '../../src/codecs/record-batch-writer.js';
import type { Metadata } from '../../src/cluster/metadata.js';
import { DeliveryList } from '../../src/producer/delivery-list.js';
import { PartitionQueue } from '../../src/producer/partition-queue.js';
import { ProduceBatch } from '../../src/producer/produce-batch.js';
import { ProduceCall } from '../../src/producer/produce-request.js';
import { ProducerBench } from './support/producer-bench.js';

const ids: Readonly<Record<string, string>> = { t: 'id-t', u: 'id-u' };
const metadata = { topic: (name: string) => ({ topicId: ids[name] }) } as unknown as Metadata;

function batch(topic: string, partition: number): ProduceBatch {
  const made = new ProduceBatch(new PartitionQueue(topic, partition), new BatchBuffer(100), new DeliveryList(), 0);
  made.bytes = Uint8Array.of(partition);
  return made;
}

/** Topic: partitions. */
function written(call: ProduceCall, version = 13): (readonly [string | undefined, (number | undefined)[]])[] {
  const { topicData } = call.body(version, -1, 1000, null);
  return topicData!.map(({ name, topicId, partitionData }) => [
    name ?? topicId,
    partitionData!.map(({ index }) => index),
  ]);
}

describe('the batches of a Produce request', () => {
  it('are grouped by topic, named by id from version 13 on and by name before', () => {
    const call = new ProduceCall([batch('t', 0), batch('u', 0), batch('t', 1)], metadata);
    expect(written(call, 13)).toEqual([
      ['id-t', [0, 1]],
      ['id-u', [0]],
    ]);
    expect(written(call, 12)).toEqual([
      ['t', [0, 1]],
      ['u', [0]],
    ]);
  });

  it('are those that nobody has given up, and a topic that has none left stays out', () => {
    const batches = [batch('t', 0), batch('u', 0), batch('u', 1)];
    const call = new ProduceCall(batches, metadata);
    batches[0]!.expired = true;
    batches[2]!.expired = true;
    expect(written(call)).toEqual([['id-u', [0]]]);
    expect(batches.map(({ onWire }) => onWire)).toEqual([false, true, false]);
  });

  it('know their topic by the id or the name of an answer', () => {
    const call = new ProduceCall([batch('t', 0), batch('u', 0)], metadata);
    expect([call.topicName('', 'id-u'), call.topicName('t', 'any'), call.topicName('', 'id-v')]).toEqual([
      'u',
      't',
      '',
    ]);
  });

  it('get their own answers when these come in another order', () => {
    const bench = new ProducerBench();
    const [t] = bench.kafka.topic('t', [1]);
    bench.kafka.topic('u', [1]);
    t!.nextOffset = 10;
    bench.kafka.answersInReverse = true;
    bench.write(0, 't', 0);
    bench.write(1, 'u', 0);
    bench.advance(100);
    expect(bench.kafka.requests.at(-1)!.batches).toHaveLength(2);
    expect([bench.outcomes.get(0)!.offset, bench.outcomes.get(1)!.offset]).toEqual([10, 0]);
  });
});
