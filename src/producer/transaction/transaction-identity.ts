import { PartitionSet } from '../../cluster/partition-set.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { EntryOrder } from './entry-order.js';
import { type Identity, type TransactionGate } from '../identity.js';

/** Told by the identity what its slot has to do. */
export interface IdentityHost {
  /** Partitions wait until the coordinator has them in the transaction; told once until `takeWanted`. */
  partitionsWanted(): void;
  /** @param sequenced - sequence numbers are lost, so this epoch is of no use any more */
  recordsFailed(error: unknown, sequenced: boolean): void;
}

/** From this Produce version on the leader itself brings the partition into the transaction (KIP-890). */
const firstImplicitVersion = 12;

/**
 * Producer id and epoch of one transactional id, and the gate that its batches pass. Never counts an epoch up by itself: every
 * one comes from the coordinator, by InitProducerId or, in the newer protocol, by each EndTxn.
 */
export class TransactionIdentity implements Identity, TransactionGate {
  readonly transactionalId: string;
  producerId = -1;
  epoch = -1;
  readonly lastError: KafkaError | null = null;
  /** The open transaction follows KIP-890: fixed when it begins. */
  implicit = false;
  /** A broker may know of the open transaction. */
  started = false;
  gathering = false;
  /** Batches may leave. */
  #open = false;
  #usable = false;
  readonly #host: IdentityHost;
  readonly #entry: EntryOrder = new EntryOrder();
  /** In the transaction; asked for; to be asked for. The newer protocol needs none of them. */
  readonly #added: PartitionSet = new PartitionSet();
  readonly #asked: PartitionSet = new PartitionSet();
  #wanted: PartitionSet = new PartitionSet();

  constructor(transactionalId: string, host: IdentityHost) {
    this.transactionalId = transactionalId;
    this.#host = host;
  }

  get transaction(): TransactionGate {
    return this;
  }

  get known(): boolean {
    return this.#usable;
  }

  get minProduceVersion(): number | undefined {
    return this.implicit ? firstImplicitVersion : undefined;
  }

  get maxProduceVersion(): number | undefined {
    return this.implicit ? undefined : firstImplicitVersion - 1;
  }

  get retries(): boolean {
    return this.#open;
  }

  /** Sequences go on, or from 0 when the epoch is another one. */
  adopt(producerId: number, epoch: number): void {
    this.producerId = producerId;
    this.epoch = epoch;
    this.#usable = true;
  }

  begin(implicit: boolean): void {
    this.implicit = implicit;
    this.started = false;
    this.#added.clear();
    this.#entry.begin();
    this.#open = true;
  }

  /** Nothing leaves any more before the next transaction. */
  shut(): void {
    this.#open = false;
    this.gathering = false;
    this.#asked.clear();
    this.#wanted.clear();
  }

  /** The id must not be written under before the coordinator has given the next epoch. */
  invalidate(): void {
    this.#usable = false;
  }

  admits(partition: TopicPartition): boolean {
    if (!this.#open) return false;
    if (this.implicit) {
      this.started = true;
      return true;
    }
    if (this.#added.has(partition)) return true;
    if (!this.#asked.has(partition)) {
      this.#asked.add(partition);
      const first = this.#wanted.size === 0;
      this.#wanted.add(partition);
      if (first) this.#host.partitionsWanted();
    }
    return false;
  }

  waitUntil(nodeId: number): number {
    return this.implicit ? this.#entry.waitUntil(nodeId) : 0;
  }

  sent(nodeId: number, now: number): void {
    if (this.implicit) this.#entry.sent(nodeId, now);
  }

  answered(nodeId: number, error: unknown): boolean {
    return this.implicit && this.#entry.answered(nodeId, error);
  }

  /** What is to be asked for in one request. */
  takeWanted(): PartitionSet {
    const wanted = this.#wanted;
    this.#wanted = new PartitionSet();
    this.started = true;
    return wanted;
  }

  /** The coordinator has them in the transaction. */
  added(partitions: PartitionSet): void {
    this.#added.addAll(partitions.list());
  }

  failed(error: unknown, sequenced: boolean): void {
    this.#host.recordsFailed(error, sequenced);
  }

  acquire(): void {
    // the slot has asked before it began
  }

  leaveBehind(producerId: number, epoch: number): void {
    if (producerId === this.producerId && epoch === this.epoch) this.#usable = false;
  }

  close(): void {
    this.shut();
  }
}
