import { type EncodedHeaders } from '../codecs/lazy-headers.js';
import { batchOverhead } from '../codecs/batch-format.js';
import { type BatchBuffer } from '../codecs/record-batch-writer.js';
import { recordSize } from '../codecs/record-size.js';
import { RecordTooLargeError } from '../errors/client-errors.js';
import { type Partitioner } from '../model/producer.js';
import { KeyScratch } from './key-scratch.js';
import { type TopicState } from './topic-state.js';
import { type Part } from './waiting-record.js';

/** Chooses partitions and writes records into batch buffers; remembers the sizes of the record it wrote last. */
export class BatchFiller {
  /** Bytes on the wire of the last record's parts, -1 for null. */
  keySize = -1;
  valueSize = -1;
  /** What the custom partitioner threw for the last record. */
  partitionerError: unknown = null;
  readonly #partitioner: Partitioner | null;
  readonly #scratch: KeyScratch = new KeyScratch();

  constructor(partitioner: Partitioner | null) {
    this.#partitioner = partitioner;
  }

  /** The partition by key or by the custom partitioner; -1 leaves the choice to the sticky one. */
  choose(topic: TopicState, key: Part): number {
    if (this.#partitioner !== null) return this.#ask(this.#partitioner, topic, key);
    if (key === null) return -1;
    this.#scratch.load(key);
    return this.#scratch.partition(topic.ids.length);
  }

  /** Encodes the record at the end of the buffer: its size, or -1 when it does not fit. */
  append(buffer: BatchBuffer, timestamp: number, key: Part, value: Part, headers: EncodedHeaders | null): number {
    const size =
      typeof key === 'string' || typeof value === 'string'
        ? buffer.appendText(timestamp, key, value, headers)
        : buffer.append(timestamp, key, value, headers);
    this.keySize = buffer.keySize;
    this.valueSize = buffer.valueSize;
    return size;
  }

  /** Bytes the record takes in an empty batch, batch header included. */
  sizeOf(key: Part, value: Part, headers: EncodedHeaders | null): number {
    return batchOverhead + recordSize(0, 0, byteLength(key), byteLength(value), headers);
  }

  /** The error for a record that can never be sent. */
  tooLarge(topic: string, size: number, key: Part, value: Part, limit: number): RecordTooLargeError | null {
    if (size <= limit) return null;
    return new RecordTooLargeError(
      `Record with a key of ${Math.max(0, byteLength(key))} bytes and a value of ${Math.max(0, byteLength(value))} bytes takes ${size} bytes, maxRequestSize is ${limit}`,
      { topic, mayHaveBeenWritten: false },
    );
  }

  #ask(partitioner: Partitioner, topic: TopicState, key: Part): number {
    if (key !== null) this.#scratch.load(key);
    const keyBytes = key === null ? null : this.#scratch.copy();
    this.partitionerError = null;
    try {
      const chosen = partitioner({ topic: topic.name, keyBytes, partitions: topic.ids, available: topic.available });
      return Number.isInteger(chosen) && chosen >= 0 ? chosen : noPartition;
    } catch (error) {
      this.partitionerError = error;
      return noPartition;
    }
  }
}

/** Answer of a custom partitioner that names no partition. */
const noPartition = -2;
const encoder = new TextEncoder();

/** Bytes of a part on the wire, -1 for null. */
function byteLength(part: Part): number {
  if (part === null) return -1;
  return typeof part === 'string' ? encoder.encode(part).length : part.length;
}
