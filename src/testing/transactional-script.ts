import type { ProducerRecord } from '../model/record-sink.js';
import type { TransactionalProducer } from '../model/transaction.js';
import type { WrittenTransaction } from './written-transaction.js';

/** How a scripted transactional producer answers, in marbles that run from each call; a list: one per transaction, the last stays. @public */
export interface TransactionalScript {
  /** To each record, as `sink` does. @defaultValue '(a|)' */
  readonly respond?: string;
  /** To a commit: `#` makes it fail with an abortable TransactionError. @defaultValue '(a|)' */
  readonly commit?: string | readonly string[];
  /** To an abort. @defaultValue '(a|)' */
  readonly abort?: string | readonly string[];
  /** What `#` stands for in `commit` and `respond`, for example a TransactionError that is not abortable. */
  readonly error?: unknown;
  /** Transactions that may be open at once. @defaultValue 1 */
  readonly slots?: number;
  /** As the option of a producer, in virtual milliseconds. @defaultValue 10000 */
  readonly transactionTimeoutMs?: number;
}

/** A transactional producer of a marble test, with its transactions in the order of their beginning. @public */
export interface ScriptedTransactionalProducer<in out K, in out V> extends TransactionalProducer<K, V> {
  /** Those that were aborted too. */
  readonly transactions: readonly WrittenTransaction<K, V>[];
  /** Records of committed transactions, in the order of the commits: what `read_committed` sees. */
  readonly committed: readonly ProducerRecord<K, V>[];
}
