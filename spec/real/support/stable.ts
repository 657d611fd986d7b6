import { firstValueFrom, timer } from 'rxjs';
import { type Kafka } from '../../../src/index.js';

/** Markers come after the answer to the end of a transaction: resolves when no partition of the topic has an open one. */
export async function stable(kafka: Kafka, topic: string): Promise<void> {
  const end = async (isolationLevel: 'read_committed' | 'read_uncommitted'): Promise<string> => {
    const consumer = kafka.consumer({ topics: topic, isolationLevel });
    const partitions = await firstValueFrom(consumer.partitionsFor(topic));
    const offsets = await firstValueFrom(consumer.endOffsets(partitions));
    return offsets.map(({ partition, offset }) => `${partition}:${offset}`).join();
  };
  for (let tries = 0; (await end('read_committed')) !== (await end('read_uncommitted')); tries++) {
    if (tries === 300) throw new Error(`${topic} is not stable`);
    await firstValueFrom(timer(50));
  }
}
