import { type KafkaError } from '../errors/kafka-error.js';
import { type TopicPartition } from '../model/topic-partition.js';

/** Producer id and epoch under which a core writes, and where they come from. */
export interface Identity {
  readonly producerId: number;
  readonly epoch: number;
  /** There is an id that may be written under. */
  readonly known: boolean;
  /** Why the last try to get one failed; the cause of deliveries that expire meanwhile. */
  readonly lastError: KafkaError | null;
  /** Null outside of transactions. */
  readonly transaction: TransactionGate | null;
  /** Asks for an id unless there is one or the question is under way. */
  acquire(): void;
  /**
   * Makes sure that the current identity is another one than the given one, which a partition used up. Afterwards either
   * `known` is true, or `identityReady` of the core follows.
   */
  leaveBehind(producerId: number, epoch: number): void;
  close(): void;
}

/**
 * Markers of the last transaction are on their way (CONCURRENT_TRANSACTIONS): first try again after this many milliseconds, as
 * long as Java waits before a first partition.
 */
export const markersMs = 20;

/** What a transaction changes in the way of a batch; asked once per batch or request, never per record. */
export interface TransactionGate {
  readonly transactionalId: string;
  /** Bounds of the Produce version, which tells the broker the transaction protocol (KIP-890). */
  readonly minProduceVersion: number | undefined;
  readonly maxProduceVersion: number | undefined;
  /** Open batches do not leave yet, whatever linger says: more records are about to come. */
  readonly gathering: boolean;
  /** Runtime.now() until which requests to that broker wait for another broker's first answer; 0 when they do not. */
  waitUntil(nodeId: number): number;
  sent(nodeId: number, now: number): void;
  /** @returns whether requests to other brokers may have waited for that */
  answered(nodeId: number, error: unknown): boolean;
  /** False once the transaction can only be aborted: what fails now is not tried again. */
  readonly retries: boolean;
  /** May the partition be written to now? If not, the core is woken when it may. */
  admits(partition: TopicPartition): boolean;
  /**
   * Records were not delivered.
   * @param sequenced - they had sequence numbers, which are lost with them
   */
  failed(error: unknown, sequenced: boolean): void;
}
