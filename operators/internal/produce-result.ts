import type { ProducerRecord } from '../../src/model/record-sink.js';

/** What the function of `produce` may return: one record, several, or nothing to write. @public */
export type ProduceResult<K, V> = ProducerRecord<K, V> | readonly ProducerRecord<K, V>[] | null;
