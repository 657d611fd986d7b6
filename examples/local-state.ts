// State kept beside the records it was made of: counts per key, one file per partition with the last offset that is in it.
// KAFKA_BROKERS=localhost:9092 TOPIC=words GROUP=counters STATE=./state MEMBER=a node --import ./scripts/ts.mjs examples/local-state.ts
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { retry, timer } from 'rxjs';
import { type Consumer, Kafka, OffsetResetError, roundRobin, type TopicPartition, utf8 } from 'rx-kafka';
import { acknowledge } from 'rx-kafka/operators';

interface State {
  last_offset: number;
  counts: Record<string, number>;
}
const folder = process.env['STATE'] ?? './state';
const name = process.env['MEMBER'] ?? 'member';
const topic = process.env['TOPIC'] ?? 'words';
mkdirSync(folder, { recursive: true });

const states = new Map<number, State>();
const fileOf = ({ partition }: TopicPartition): string => join(folder, `partition-${partition}.json`);
const list = (partitions: readonly TopicPartition[]): string =>
  partitions
    .map(({ partition }) => partition)
    .sort()
    .join();

const kafka = new Kafka({ bootstrapServers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092', clientId: name });
const words: Consumer<string, string> = kafka.consumer({
  groupId: process.env['GROUP'] ?? 'counters',
  topics: topic,
  keyDeserializer: utf8,
  valueDeserializer: utf8,
  assignors: [roundRobin],
  autoOffsetReset: 'none',
  commit: false,
  // where a partition without a file begins
  offsetStore: { load: (partitions) => words.beginningOffsets(partitions) },
  onAssigned: (partitions, context) => {
    console.log(`${name} assigned ${list(partitions)}`);
    for (const tp of partitions) {
      const file = fileOf(tp);
      const state = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : null;
      states.set(tp.partition, state ?? { last_offset: -1, counts: {} });
      if (state !== null) context.seek(tp, state.last_offset + 1);
    }
  },
  onRevoked: (partitions) => {
    console.log(`${name} revoked ${list(partitions)}`);
    for (const tp of partitions) {
      const state = states.get(tp.partition);
      if (state !== undefined && state.last_offset >= 0) writeFileSync(fileOf(tp), JSON.stringify(state));
      states.delete(tp.partition);
    }
  },
});

words.records$
  .pipe(
    acknowledge(),
    retry({
      delay: (error: unknown) => {
        if (!(error instanceof OffsetResetError)) throw error;
        // the log begins behind our offset: what we know of that partition has a hole
        const { partition = 0 } = error;
        console.log(`${name} discards the state of ${partition}`);
        rmSync(fileOf({ topic, partition }), { force: true });
        return timer(100);
      },
    }),
  )
  .subscribe({
    next: ({ partition, offset, key }) => {
      const state = states.get(partition)!;
      state.last_offset = offset;
      state.counts[key] = (state.counts[key] ?? 0) + 1;
      console.log(`${name} counts ${key} of ${partition}@${offset}`);
    },
    error: (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  });

process.once('SIGTERM', () => void kafka.close());
process.once('SIGINT', () => void kafka.close());
