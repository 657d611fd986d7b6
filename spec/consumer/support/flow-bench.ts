import { Fetcher } from '../../../src/consumer/fetcher.js';
import { type FetchedBatch } from '../../../src/consumer/fetched-batch.js';
import { type FetchedRecord } from '../../../src/consumer/fetched-record.js';
import { type ConsumerFlowOptions, type CursorListener } from '../../../src/consumer/flow-options.js';
import { type PartitionCursor } from '../../../src/consumer/partition-cursor.js';
import { utf8 } from '../../../src/serde/utf8.js';
import { FakeBrokers } from './fake-brokers.js';

export const flowOptions: ConsumerFlowOptions = {
  windowRecords: 1000,
  windowBytes: 4 * 1024 * 1024,
  bufferBytes: 32 * 1024 * 1024,
  fetchMinBytes: 1,
  fetchMaxBytes: 50 * 1024 * 1024,
  fetchMaxWaitMs: 500,
  maxPartitionFetchBytes: 1024 * 1024,
  maxPollRecords: 500,
  checkCrcs: true,
  isolationLevel: 0,
  clientRack: '',
  keyDeserializer: utf8,
  valueDeserializer: utf8,
  acknowledge: 'explicit',
};

/** A fetcher over fake brokers, with everything it tells written down. */
export class FlowBench {
  readonly brokers: FakeBrokers = new FakeBrokers();
  readonly told: string[] = [];
  readonly fetcher: Fetcher;
  listener: CursorListener;

  constructor(options: Partial<ConsumerFlowOptions> = {}, listener: Partial<CursorListener> = {}) {
    const name = ({ topic, partition }: PartitionCursor): string => `${topic}-${partition}`;
    this.listener = {
      settled: (cursor) => {
        this.told.push(`settled ${name(cursor)} ${cursor.commitValue?.offset ?? 'null'}`);
      },
      positionInvalid: (cursor, why) => {
        this.told.push(`${why} ${name(cursor)} at ${cursor.position}`);
      },
      fetchFailed: (cursor, error) => {
        this.told.push(`failed ${name(cursor)} at ${cursor.position} ${error.code}`);
      },
      pressure: (cursor, why) => {
        this.told.push(`${why} ${name(cursor)}`);
      },
      ...listener,
    };
    this.fetcher = new Fetcher(this.brokers.cluster, { ...flowOptions, ...options }, this.listener);
  }

  /** What was told, without the settled lines. */
  get trouble(): string[] {
    return this.told.filter((line) => !line.startsWith('settled'));
  }
  advance(ms: number): void {
    this.brokers.runtime.advance(ms);
  }
  hops(): void {
    this.brokers.runtime.hops();
  }
  open(topic: string, partition: number, position: number | null = 0, leaderEpoch = -1): PartitionCursor {
    return this.fetcher.open({ topic, partition }, 1, position, leaderEpoch);
  }
}

/** Keeps what it gets; settles it when told to. */
export class Sink {
  readonly records: FetchedRecord[] = [];
  readonly batches: FetchedBatch[] = [];
  onNext: (record: FetchedRecord) => void;
  onBatch: (batch: FetchedBatch) => void = () => undefined;

  constructor(onNext: (record: FetchedRecord) => void = () => undefined) {
    this.onNext = onNext;
  }
  next(record: FetchedRecord): void {
    this.records.push(record);
    this.onNext(record);
  }
  nextBatch(batch: FetchedBatch): void {
    this.batches.push(batch);
    this.records.push(...(batch.items as readonly FetchedRecord[]));
    this.onBatch(batch);
  }
  get values(): unknown[] {
    return this.records.map(({ value }) => value);
  }
  get offsets(): number[] {
    return this.records.map(({ offset }) => offset);
  }
}

/** Acknowledges everything at once. */
export const acking = (): Sink =>
  new Sink((record) => {
    record.lease.ack();
  });
