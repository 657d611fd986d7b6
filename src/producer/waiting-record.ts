import { type EncodedHeaders } from '../codecs/lazy-headers.js';
import { type Bytes } from '../model/topic-partition.js';
import { type DeliveryReceiver } from '../model/record-sink.js';
import { type PackedBatch } from './packed-batch.js';
import { type FlushWaiter } from './produce-batch.js';

/** A key or value on its way into a batch: text goes there without bytes in between. */
export type Part = string | Bytes | null;

/** A record that is not in a batch yet, or a packed batch that is in no queue yet: its topic's partitions are unknown, or the buffer is full. */
export class WaitingRecord {
  readonly topic: string;
  /** -1 when it is to be chosen. */
  readonly partition: number;
  readonly key: Part;
  readonly value: Part;
  readonly timestamp: number;
  readonly headers: EncodedHeaders | null;
  readonly receiver: DeliveryReceiver;
  readonly token: number;
  /** Monotonic; maxBlockMs after the call. */
  readonly deadline: number;
  /** Came through `write`: taken, and counted against the share of the sinks. */
  readonly fromSink: boolean;
  /** Bytes that count against bufferMemory while it waits for metadata; 0 while it waits for room. */
  accounted = 0;
  /** Neither waiting nor cancelled any more: in a batch or failed. */
  settled = false;
  flushWaiters: FlushWaiter[] | null = null;
  /** A batch packed by hand waits, not a record. */
  packed: PackedBatch | null = null;

  constructor(
    topic: string,
    partition: number,
    key: Part,
    value: Part,
    timestamp: number,
    headers: EncodedHeaders | null,
    receiver: DeliveryReceiver,
    token: number,
    deadline: number,
    fromSink: boolean,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.key = key;
    this.value = value;
    this.timestamp = timestamp;
    this.headers = headers;
    this.receiver = receiver;
    this.token = token;
    this.deadline = deadline;
    this.fromSink = fromSink;
  }
}
