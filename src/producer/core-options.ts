import { type Partitioner } from '../model/producer.js';

/** What the core needs to know; checked and complete. */
export interface ProducerCoreOptions {
  readonly acks: 0 | 1 | 'all';
  readonly enableIdempotence: boolean;
  readonly compression: {
    readonly type: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
    readonly level: number | undefined;
  };
  readonly partitioner: Partitioner | null;
  readonly lingerMs: number;
  readonly batchSize: number;
  readonly bufferMemory: number;
  readonly maxBlockMs: number;
  readonly maxRequestSize: number;
  readonly maxInFlightRequests: number;
  readonly deliveryTimeoutMs: number;
  readonly retries: number;
}
