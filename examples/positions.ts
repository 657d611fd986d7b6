// Positions and commits: reading by hand, commits per hundred records and per batch, seeking back, patterns, lag.
// KAFKA_BROKERS=localhost:9092 TOPIC=guide GROUP=guide node --import ./scripts/ts.mjs examples/positions.ts
import { bufferCount, concatMap, firstValueFrom, lastValueFrom, map, mergeMap, of, range, take, toArray } from 'rxjs';
import { Kafka, utf8 } from 'rx-kafka';
import { commitOffsets, processEach, produce } from 'rx-kafka/operators';

const topic = process.env['TOPIC'] ?? 'guide';
const groupId = process.env['GROUP'] ?? 'guide';
const tp = { topic, partition: 0 };
await using kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });
const common = { valueDeserializer: utf8, autoOffsetReset: 'earliest', commit: false } as const;

const producer = kafka.producer({ valueSerializer: utf8 });
const written$ = range(0, 250).pipe(produce(producer, (n) => ({ ...tp, value: `${n}` })));
console.log('written', (await lastValueFrom(written$.pipe(toArray()))).length);

// The position is the offset of the next record, and so is what is committed.
{
  await using consumer = kafka.consumer({ ...common, groupId: `${groupId}-1`, topics: topic });
  const { offset, position, committed } = await firstValueFrom(
    consumer.partitions$.pipe(
      mergeMap((partition$) => partition$.pipe(map((record) => ({ record, position: partition$.position })))),
      concatMap(async ({ record, position }) => {
        record.lease.ack();
        const at = { ...tp, offset: record.offset + 1 };
        const receipt = await firstValueFrom(consumer.commit([at]));
        return { offset: record.offset, position, committed: receipt.offsets[0]!.offset };
      }),
    ),
  );
  console.log('offset', offset, 'position', position >= offset + 1 ? 'behind it' : position, 'committed', committed);
}

// A commit per hundred records.
{
  await using consumer = kafka.consumer({ ...common, commit: undefined, groupId: `${groupId}-2`, topics: topic });
  const hundreds$ = consumer.records$.pipe(take(200), commitOffsets({ everyRecords: 100 }));
  const { offsets } = await lastValueFrom(hundreds$);
  console.log('committed', offsets.map(({ offset }) => offset).join());
}

// A commit per partition behind each batch, as far as was fetched.
{
  await using consumer = kafka.consumer({ ...common, groupId: `${groupId}-3`, topics: topic, maxPollRecords: 50 });
  const sizes$ = consumer.batches$.pipe(
    take(5),
    processEach((batch) => Promise.resolve(batch.items.length)),
    concatMap(async ({ lease, value, record }) => {
      lease.ack();
      const { topic: name, partition, items } = record;
      await firstValueFrom(consumer.commit([{ topic: name, partition, offset: items.at(-1)!.offset + 1 }]));
      return value;
    }),
  );
  console.log('batches', (await lastValueFrom(sizes$.pipe(toArray()))).join());
}

// Seek back, and read the same again. Partitions by hand: no group, nothing is committed.
{
  await using consumer = kafka.consumer({ ...common, partitions: [tp, { topic, partition: 1 }] });
  const values = await lastValueFrom(
    consumer.records$.pipe(
      take(20),
      bufferCount(10),
      concatMap((ten, turn) => (turn === 0 ? consumer.seek(tp, 0).pipe(map(() => ten)) : of(ten))),
      map((ten) => ten.map(({ value }) => value).join()),
      toArray(),
    ),
  );
  console.log('reread', values[0] === values[1] ? 'equal' : values.join(' / '));
}

// A pattern is a RegExp over topic names; lag and last stable offset of a partition that was read to its end.
{
  await using consumer = kafka.consumer({
    ...common,
    pattern: new RegExp(`^${topic}$`),
    isolationLevel: 'read_committed',
  });
  const { lag, unstable } = await firstValueFrom(
    consumer.partitions$.pipe(
      mergeMap((partition$) =>
        partition$.pipe(
          take(250),
          toArray(),
          map(() => ({
            lag: partition$.lag,
            unstable: partition$.highWatermark - partition$.lastStableOffset,
          })),
        ),
      ),
    ),
  );
  console.log('lag', lag, 'unstable', unstable);
}
