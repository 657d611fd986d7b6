import { expectTypeOf } from 'expect-type';
import { type ObservedValueOf } from 'rxjs';
import {
  type Bytes,
  type Consumer,
  type ConsumerRecord,
  type OffsetList,
  type PartitionInfo,
  type Producer,
  type RecordHeaders,
  type RecordMetadata,
  type TimestampType,
  type TopicPartition,
  type TopicPartitionOffset,
} from '../../src/index.js';
import { record } from '../../src/testing/index.js';

describe('structures', () => {
  it('[ST1] a topic partition is plain data, equal by content', () => {
    expectTypeOf<TopicPartition>().toEqualTypeOf<{ readonly topic: string; readonly partition: number }>();
    const partition: TopicPartition = { topic: 't', partition: 1 };
    expect(partition).toEqual({ topic: 't', partition: 1 });
    // whatever has topic and partition is one: a record, an offset, metadata
    expectTypeOf<ConsumerRecord>().toExtend<TopicPartition>();
    expectTypeOf<RecordMetadata>().toExtend<TopicPartition>();
  });

  it('[ST2] offsetsForTimes gives an offset per partition, or null', () => {
    type Answer = ObservedValueOf<ReturnType<Consumer<string, string>['offsetsForTimes']>>;
    expectTypeOf<Answer>().toEqualTypeOf<readonly (TopicPartitionOffset | null)[]>();
    expectTypeOf<TopicPartitionOffset>().toExtend<TopicPartition & { readonly offset: number }>();
  });

  it('[ST3] metadata has place, time, and sizes of a written record', () => {
    expectTypeOf<RecordMetadata>().toEqualTypeOf<{
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly timestamp: number;
      readonly timestampType: TimestampType;
      readonly logStartOffset: number;
      readonly serializedKeySize: number;
      readonly serializedValueSize: number;
    }>();
    expectTypeOf<ObservedValueOf<ReturnType<Producer<string, string>['send']>>>().toEqualTypeOf<RecordMetadata>();
  });

  it('[ST4] a record has place, time, key, value, headers and sizes, -1 for null', () => {
    const made = record({
      topic: 't',
      partition: 2,
      offset: 7,
      timestamp: 9,
      key: 'k',
      value: null,
      headers: { h: 'x' },
    });
    expect(made).toMatchObject({ topic: 't', partition: 2, offset: 7, timestamp: 9, timestampType: 'createTime' });
    expect([made.key, made.value, made.headers.text('h')]).toEqual(['k', null, 'x']);
    expect([made.serializedKeySize, made.serializedValueSize]).toEqual([1, -1]);
    expectTypeOf(made.headers).toEqualTypeOf<RecordHeaders>();
  });

  it('[ST5] a record is generic over key and value, bytes without deserializers', () => {
    expectTypeOf<ConsumerRecord<string, { id: number }>['value']>().toEqualTypeOf<{ id: number }>();
    expectTypeOf<ConsumerRecord<string, { id: number }>['key']>().toEqualTypeOf<string>();
    expectTypeOf<ConsumerRecord['value']>().toEqualTypeOf<Bytes | null>();
  });

  it('[ST6, N19] an offset to commit may carry metadata and leader epoch', () => {
    const offsets: OffsetList = [
      { topic: 't', partition: 0, offset: 5 },
      { topic: 't', partition: 1, offset: 6, leaderEpoch: 3, metadata: 'note' },
    ];
    expectTypeOf<Parameters<Consumer<string, string>['commit']>[0]>().toEqualTypeOf<OffsetList | undefined>();
    expect(offsets).toHaveLength(2);
  });

  it('[N19] a partition has leader, replicas and in-sync replicas', () => {
    expectTypeOf<PartitionInfo>().toExtend<
      TopicPartition & {
        readonly leader: number | null;
        readonly replicas: readonly number[];
        readonly inSyncReplicas: readonly number[];
      }
    >();
  });
});
