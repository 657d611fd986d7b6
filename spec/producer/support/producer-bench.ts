import { PackedBatch } from '../../../src/producer/packed-batch.js';
import { ProducerCore } from '../../../src/producer/producer-core.js';
import type { ProducerCoreOptions } from '../../../src/producer/core-options.js';
import type { DeliveryReceiver } from '../../../src/model/record-sink.js';
import { FakeCluster } from './fake-cluster.js';

/** Outcome of one record by its token. */
export interface Outcome {
  readonly offset?: number;
  readonly partition?: number;
  readonly timestamp?: number;
  readonly timestampType?: string;
  readonly keySize?: number;
  readonly valueSize?: number;
  readonly error?: {
    readonly name: string;
    readonly message: string;
    readonly mayHaveBeenWritten?: boolean;
    readonly cause?: unknown;
  };
  readonly at: number;
}

export const defaults: ProducerCoreOptions = {
  acks: 'all',
  enableIdempotence: true,
  compression: { type: 'none', level: undefined },
  partitioner: null,
  lingerMs: 5,
  batchSize: 16384,
  bufferMemory: 33554432,
  maxBlockMs: 60_000,
  maxRequestSize: 1048576,
  maxInFlightRequests: 5,
  deliveryTimeoutMs: 120_000,
  retries: 2147483647,
};

/** A producer core over a fake cluster, with everything that was answered. */
export class ProducerBench implements DeliveryReceiver {
  readonly kafka: FakeCluster;
  readonly core: ProducerCore;
  readonly outcomes: Map<number, Outcome> = new Map<number, Outcome>();
  flushes = 0;
  inCall = false;

  constructor(options: Partial<ProducerCoreOptions> = {}, kafka: FakeCluster = new FakeCluster()) {
    this.kafka = kafka;
    this.core = new ProducerCore(kafka.cluster, { ...defaults, ...options });
  }

  write(
    token: number,
    topic = 't',
    partition = -1,
    value: string | Uint8Array = `v${token}`,
    key: string | null = null,
  ): boolean {
    this.inCall = true;
    try {
      return this.core.write(topic, partition, key, value, this.kafka.runtime.wallClock(), null, this, token);
    } finally {
      this.inCall = false;
    }
  }

  /** The same records as one batch; every record is told the outcome of the batch, an offset only to the first. */
  writeBatch(tokens: readonly number[], topic: string, partition: number): void {
    const packed = new PackedBatch(1_000_000);
    for (const token of tokens) packed.append(this.kafka.runtime.wallClock(), null, `v${token}`, null);
    const tell = (outcome: Omit<Outcome, 'at'>, offset?: number): void => {
      tokens.forEach((token, index) => {
        const first = index === 0 && offset !== undefined ? { offset } : {};
        this.#tell(token, { ...outcome, ...first, at: this.kafka.runtime.now() });
      });
    };
    const listener = {
      delivered: (_: number, written: { partition: number }, offset: number) => {
        tell({ partition: written.partition }, offset);
      },
      failed: (_: number, error: unknown) => {
        tell({ error: error as NonNullable<Outcome['error']> });
      },
      flushed: () => undefined,
    };
    this.core.sendBatch(topic, partition, packed, listener, 0);
  }

  send(
    token: number,
    topic = 't',
    partition = -1,
    value: string | Uint8Array = `v${token}`,
  ): ReturnType<ProducerCore['send']> {
    return this.core.send(topic, partition, null, value, this.kafka.runtime.wallClock(), null, this, token);
  }

  advance(ms: number): void {
    this.kafka.runtime.advance(ms);
  }

  delivered(
    token: number,
    batch: { partition: number; timestampType: string },
    offset: number,
    timestamp: number,
    keySize: number,
    valueSize: number,
  ): void {
    this.#tell(token, {
      offset,
      partition: batch.partition,
      timestamp,
      timestampType: batch.timestampType,
      keySize,
      valueSize,
      at: this.kafka.runtime.now(),
    });
  }

  failed(token: number, error: unknown): void {
    this.#tell(token, { error: error as NonNullable<Outcome['error']>, at: this.kafka.runtime.now() });
  }

  flushed(): void {
    this.flushes++;
  }

  #tell(token: number, outcome: Outcome): void {
    if (this.inCall) throw new Error('told in the stack of write');
    if (this.outcomes.has(token)) throw new Error(`record ${token} was answered twice`);
    this.outcomes.set(token, outcome);
  }
}
