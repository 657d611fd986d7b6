// Two members of one group share the partitions of a topic; a group of its own reads everything.
// KAFKA_BROKERS=localhost:9092 TOPIC=shared GROUP=team node --import ./scripts/ts.mjs examples/group.ts
import { filter, firstValueFrom, from, lastValueFrom, merge, take, tap } from 'rxjs';
import { Kafka, roundRobin, utf8 } from 'rx-kafka';
import { acknowledge, produce } from 'rx-kafka/operators';

const topic = process.env['TOPIC'] ?? 'shared';
const group = process.env['GROUP'] ?? 'team';
await using kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' });

const member = (name: string, groupId: string, share: number) => {
  const consumer = kafka.consumer({
    groupId,
    topics: topic,
    valueDeserializer: utf8,
    autoOffsetReset: 'earliest',
    assignors: [roundRobin],
  });
  const print = tap(({ partition, value }: { readonly partition: number; readonly value: string }) => {
    console.log(`${name} reads ${value} of partition ${partition}`);
  });
  const shared$ = consumer.assignment$.pipe(filter(({ length }) => length === share));
  return { records$: consumer.records$.pipe(acknowledge(), print), shared$ };
};
const members = [member('one', group, 1), member('two', group, 1), member('other', `${group}-other`, 2)];

const everythingRead = lastValueFrom(merge(...members.map(({ records$ }) => records$)).pipe(take(8)));
for (const { shared$ } of members) await firstValueFrom(shared$);

const producer = kafka.producer({ valueSerializer: utf8 });
await from(['#1', '#2', '#3', '#4'])
  .pipe(produce(producer, (value) => ({ topic, value, partition: value < '#3' ? 0 : 1 })))
  .forEach(({ source, partition, offset }) => {
    console.log(`${source} is record ${offset} of partition ${partition}`);
  });
await everythingRead;
