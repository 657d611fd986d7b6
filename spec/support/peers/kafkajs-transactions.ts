import kafkajs, { type Transaction } from 'kafkajs';
import { uniqueName } from '../kafka/shared-brokers.js';
import { kafkajsClient } from './kafkajs.js';

/** Writes transactions to partition 0 of a topic, one after the other, as another client does. */
export interface TransactionWriter {
  /** Values of one transaction, committed or aborted. */
  write(values: readonly string[], end: 'commit' | 'abort'): Promise<void>;
  /** Leaves the transaction open; the returned function ends it. */
  open(values: readonly string[]): Promise<(end: 'commit' | 'abort') => Promise<void>>;
  /** Outside of any transaction. */
  plain(values: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function transactionWriter(bootstrapServers: string, topic: string): Promise<TransactionWriter> {
  const client = kafkajsClient(bootstrapServers);
  const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
  const producer = client.producer({
    transactionalId: uniqueName('peer'),
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner,
  });
  const plain = client.producer({ createPartitioner });
  await Promise.all([producer.connect(), plain.connect()]);
  const messages = (values: readonly string[]): { partition: number; value: string }[] =>
    values.map((value) => ({ partition: 0, value }));
  const end = (transaction: Transaction, how: 'commit' | 'abort'): Promise<void> =>
    how === 'commit' ? transaction.commit() : transaction.abort();
  const open = async (values: readonly string[]): Promise<(how: 'commit' | 'abort') => Promise<void>> => {
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: messages(values) });
    return (how) => end(transaction, how);
  };
  return {
    open,
    write: async (values, how) => {
      await (
        await open(values)
      )(how);
    },
    plain: async (values) => {
      await plain.send({ topic, messages: messages(values) });
    },
    close: async () => {
      await Promise.all([producer.disconnect(), plain.disconnect()]);
    },
  };
}
