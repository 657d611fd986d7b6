import { type ChannelPool } from '../cluster/channel-pool.js';
import { type Cluster } from '../cluster/cluster.js';
import { accelerateCrc32c } from '../codecs/native-crc32c.js';
import { ZERO_UUID } from '../bytes/uuid.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type Cancel } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type TopicPartition } from '../model/topic-partition.js';
import { BrokerSource, type SourcePort } from './broker-source.js';
import { type CursorPort } from './cursor-port.js';
import { CursorReader } from './cursor-reader.js';
import { DeliveryPump } from './delivery-pump.js';
import { EpochValidation } from './epoch-validation.js';
import { type ConsumerFlowOptions, type CursorListener } from './flow-options.js';
import { FrameBudget } from './frame-budget.js';
import { PartitionCursor } from './partition-cursor.js';
import { ReadReplica } from './read-replica.js';

/**
 * The record flow of one consumer: its cursors, one source per leader, one budget, one pump. Owns the fetch connections
 * (semantics: a long poll must not stand in front of anything else). Follows leaders as the metadata changes.
 */
export class Fetcher implements CursorPort, SourcePort {
  readonly cluster: Cluster;
  readonly options: ConsumerFlowOptions;
  readonly listener: CursorListener;
  readonly pump: DeliveryPump;
  readonly budget: FrameBudget;
  readonly #pool: ChannelPool;
  readonly #sources: Map<number, BrokerSource> = new Map<number, BrokerSource>();
  readonly #cursors: Map<PartitionCursor, Cancel> = new Map<PartitionCursor, Cancel>();
  readonly #validation: EpochValidation;
  readonly #replica: ReadReplica;
  readonly #unlisten: Cancel;
  #requests = 0;
  #saidTooOld = false;
  #closed = false;

  constructor(cluster: Cluster, options: ConsumerFlowOptions, listener: CursorListener) {
    this.cluster = cluster;
    this.options = options;
    this.listener = listener;
    this.pump = new DeliveryPump(cluster.runtime, listener);
    this.budget = new FrameBudget(options.bufferBytes, () => {
      this.#wakeAll();
    });
    // by the first answer it is there: the first megabytes in JavaScript cost more than the package
    if (options.checkCrcs) accelerateCrc32c();
    this.#pool = cluster.channels('fetch');
    this.#validation = new EpochValidation(cluster, (cursor) => {
      this.wakeFetch(cursor);
    });
    this.#replica = new ReadReplica(cluster.options.metadataMaxAgeMs, this.retryBackoffMaxMs);
    this.#unlisten = cluster.metadata.onUpdate(() => {
      for (const cursor of [...this.#cursors.keys()]) this.#place(cursor);
    });
  }

  get runtime(): Runtime {
    return this.cluster.runtime;
  }
  get retryBackoffMs(): number {
    return this.cluster.options.retryBackoffMs;
  }
  get retryBackoffMaxMs(): number {
    return this.cluster.options.retryBackoffMaxMs;
  }
  get brokers(): number {
    let brokers = 0;
    for (const source of this.#sources.values()) if (source.size > 0) brokers++;
    return Math.max(1, brokers);
  }

  reader(cursor: PartitionCursor, failed: (error: KafkaError) => void): CursorReader {
    return new CursorReader(cursor, this, failed);
  }

  /** `position` null: nothing is fetched before `moveTo`. `leaderEpoch` -1 where it is unknown. */
  open(at: TopicPartition, epoch: number, position: number | null, leaderEpoch: number): PartitionCursor {
    const cursor = new PartitionCursor(this, at, epoch, position, leaderEpoch);
    this.#cursors.set(cursor, this.cluster.metadata.retain([at.topic]));
    this.#place(cursor);
    return cursor;
  }

  /** Closes the cursors with it: open leases are fenced. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unlisten();
    for (const cursor of [...this.#cursors.keys()]) cursor.close();
    for (const source of this.#sources.values()) source.close();
    this.#sources.clear();
    this.#validation.close();
    this.pump.close();
    this.#pool.close();
  }

  wakeDelivery(cursor: PartitionCursor): void {
    this.pump.wake(cursor);
  }
  mark(cursor: PartitionCursor): void {
    this.pump.mark(cursor);
  }
  wakeFetch(cursor: PartitionCursor): void {
    if (this.#closed) return;
    this.#validation.check(cursor);
    if (cursor.fetchable) this.#sources.get(cursor.fetch.broker)?.wake();
  }
  left(cursor: PartitionCursor): void {
    this.#sources.get(cursor.fetch.broker)?.remove(cursor);
    this.#validation.forget(cursor);
    this.#cursors.get(cursor)?.();
    this.#cursors.delete(cursor);
  }
  nextRequest(): number {
    return ++this.#requests;
  }

  replicaNamed(cursor: PartitionCursor, node: number): void {
    const { metadata } = this.cluster;
    if (!metadata.brokers.has(node)) metadata.refresh(`a leader names replica ${node}, which is not known`);
    else this.#replica.named(cursor.fetch, node, this.runtime.now());
    this.#place(cursor);
  }
  replicaRefused(cursor: PartitionCursor): void {
    this.#replica.refused(cursor.fetch, this.runtime.now());
    this.#place(cursor);
  }
  replicaExpired(cursor: PartitionCursor): void {
    this.#place(cursor);
  }
  tooOldForRacks(broker: number): void {
    if (this.#saidTooOld) return;
    this.#saidTooOld = true;
    const message = `Broker ${broker} is older than Kafka 2.4, clientRack means nothing to it: partitions are read from their leaders`;
    this.cluster.logger.warn({ broker, clientRack: this.options.clientRack }, message);
  }

  /** Puts a cursor where its partition is to be read, as the metadata has it now. */
  #place(cursor: PartitionCursor): void {
    const { topic, partition, fetch } = cursor;
    const { metadata } = this.cluster;
    const found = metadata.partition(topic, partition);
    if (found === undefined) return;
    if (!this.#sameTopic(cursor)) return;
    fetch.leaderEpoch = found.leaderEpoch;
    const node = this.#replica.of(fetch, found.leader, metadata.brokers, this.runtime.now());
    if (node !== fetch.broker) {
      this.#sources.get(fetch.broker)?.remove(cursor);
      fetch.broker = -1;
      if (node >= 0) {
        // what was wrong with the old broker is not wrong with the new one
        fetch.retryAt = 0;
        this.#source(node).add(cursor);
      }
    }
    this.wakeFetch(cursor);
  }

  /** A topic that was deleted and created anew has another log: offsets mean nothing in it. */
  #sameTopic(cursor: PartitionCursor): boolean {
    const topicId = this.cluster.metadata.topic(cursor.topic)?.topicId ?? ZERO_UUID;
    if (topicId === ZERO_UUID) return true;
    const before = cursor.fetch.topicId;
    cursor.fetch.topicId = topicId;
    if (before === null || before === topicId) return true;
    cursor.invalidate('recreated');
    return !cursor.closed;
  }

  #source(broker: number): BrokerSource {
    let source = this.#sources.get(broker);
    if (source === undefined) {
      source = new BrokerSource(broker, this.#pool.broker(broker), this);
      this.#sources.set(broker, source);
    }
    return source;
  }

  #wakeAll(): void {
    for (const source of this.#sources.values()) source.wake();
  }
}
