import type { ProducerRecord } from '../model/record-sink.js';
import type { OffsetList } from '../model/topic-partition.js';

/** One transaction of a scripted producer, as it stands. @public */
export interface WrittenTransaction<out K, out V> {
  /** What became of it. */
  readonly outcome: 'open' | 'committed' | 'aborted';
  /** What was written through it, in order; bytes as they are. */
  readonly records: readonly ProducerRecord<K, V>[];
  /** Of consumer groups, made part of it; committed only with it. */
  readonly offsets: OffsetList;
}
