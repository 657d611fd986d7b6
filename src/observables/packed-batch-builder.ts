import { UsageError } from '../errors/usage-error.js';
import { type AppendedRecord, type BatchBuilder, type BatchRecord } from '../model/batch-builder.js';
import { PackedBatch } from '../producer/packed-batch.js';
import { type RecordParts, serializationError } from './record-parts.js';

/** What `createBatch` gives: serializes as the producer does, into a batch of its own. */
export class PackedBatchBuilder<K, V> implements BatchBuilder<K, V> {
  readonly append: (record: BatchRecord<K, V>) => AppendedRecord | null;
  readonly #packed: PackedBatch;

  /** @param parts - of the producer; used within `append` only, so all builders share them */
  constructor(limit: number, parts: RecordParts) {
    const packed = new PackedBatch(limit);
    this.#packed = packed;
    this.append = (record) => {
      if (!packed.open) return null;
      try {
        parts.loadContent(record);
      } catch (error) {
        throw serializationError(error, parts.topic);
      }
      const { timestamp, key, value, headers } = parts;
      const offset = packed.count;
      const size = packed.append(timestamp, key, value, headers);
      return size < 0 ? null : { offset, size, timestamp };
    };
  }

  /** @throws UsageError for what no producer of this package made. */
  static packed(batch: unknown): PackedBatch {
    if (typeof batch === 'object' && batch !== null && #packed in batch) return batch.#packed;
    throw new UsageError('sendBatch takes a batch of createBatch()');
  }

  get recordCount(): number {
    return this.#packed.count;
  }

  get size(): number {
    return this.#packed.size;
  }

  get closed(): boolean {
    return !this.#packed.open;
  }

  close(): void {
    this.#packed.closed = true;
  }
}
