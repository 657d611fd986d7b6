import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import {
  Kafka,
  type ManualTransaction,
  type TransactionalProducer,
  TransactionError,
  utf8,
} from '../../../src/index.js';
import { uniqueName } from '../../support/kafka/shared-brokers.js';
import { createTopic } from '../../support/peers/kafkajs.js';
import { stable } from './stable.js';

/** Clients of one cluster for specs of transactions; `end` closes all of them. */
export class TransactionBench {
  readonly brokers: () => string;
  readonly #replicationFactor: number;
  readonly #kafkas: Kafka[] = [];

  /** @param brokers - bootstrap servers, asked when they are needed */
  constructor(brokers: () => string, replicationFactor = 3) {
    this.brokers = brokers;
    this.#replicationFactor = replicationFactor;
  }

  async end(): Promise<void> {
    await Promise.all(this.#kafkas.splice(0).map((kafka) => kafka.close({ timeoutMs: 5000 })));
  }

  kafka(): Kafka {
    const kafka = new Kafka({ bootstrapServers: this.brokers() });
    this.#kafkas.push(kafka);
    return kafka;
  }

  producer(transactionalId: string = uniqueName('tx'), options: object = {}): TransactionalProducer<string, string> {
    const text = { keySerializer: utf8, valueSerializer: utf8 };
    return this.kafka().transactionalProducer({ transactionalId, ...text, ...options });
  }

  async topic(partitions = 1): Promise<string> {
    const topic = uniqueName('transactions');
    await createTopic(this.brokers(), topic, { partitions, replicationFactor: this.#replicationFactor });
    return topic;
  }

  /** Partition and value of every record, sorted, once the markers of all ended transactions are there. */
  async read(topic: string, isolationLevel: 'read_committed' | 'read_uncommitted'): Promise<string[]> {
    await this.stable(topic);
    const text = { valueDeserializer: utf8, autoOffsetReset: 'earliest' } as const;
    const consumer = this.kafka().consumer({ topics: topic, isolationLevel, ...text });
    const records = await lastValueFrom(consumer.readRange().pipe(toArray()));
    return records.map(({ partition, value }) => `${partition}:${value}`).sort();
  }

  /** Markers come after the answer to the end of a transaction: resolves when no partition has an open one. */
  stable(topic: string): Promise<void> {
    return stable(this.kafka(), topic);
  }

  async committed(groupId: string, topic: string): Promise<number | null> {
    const consumer = this.kafka().consumer({ groupId, topics: topic });
    const [offset] = await firstValueFrom(consumer.committed([{ topic, partition: 0 }]));
    return offset?.offset ?? null;
  }
}

/** What a promise was rejected with; fails when it was not. */
export async function failure(promise: Promise<unknown>): Promise<Error & { readonly cause?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('It succeeded');
}

/** The error as a TransactionError, for its facts. */
export function transactionFailure(error: unknown): TransactionError {
  expect(error).toBeInstanceOf(TransactionError);
  return error as TransactionError;
}

/** Writes one record into a transaction of its own. */
export async function writeOne(
  producer: TransactionalProducer<string, string>,
  topic: string,
  value: string,
): Promise<void> {
  const tx = await begun(producer);
  await firstValueFrom(tx.send({ topic, value }));
  await firstValueFrom(tx.commit());
}

export function begun(producer: TransactionalProducer<string, string>): Promise<ManualTransaction<string, string>> {
  return firstValueFrom(producer.beginTransaction());
}
