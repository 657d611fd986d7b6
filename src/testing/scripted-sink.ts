import { type Observable, type SchedulerLike, take } from 'rxjs';
import type { ProducerRecord, RecordMetadata, RecordSink } from '../model/record-sink.js';
import { bytesOf } from './test-record.js';

/** A sink of a marble test, with what was written to it. @public */
export interface ScriptedSink<in out K, in out V> extends RecordSink<K, V> {
  /** In the order of writing. */
  readonly written: readonly ProducerRecord<K, V>[];
}

/** Each record is answered by its own run of `respond`: by its first value or completion, or by its error. */
export function scriptedSink<K, V>(respond: Observable<unknown>, clock: SchedulerLike): ScriptedSink<K, V> {
  const written: ProducerRecord<K, V>[] = [];
  const offsets = new Map<string, number>();
  const place = (record: ProducerRecord<K, V>): RecordMetadata => {
    const partition = record.partition ?? 0;
    const name = JSON.stringify([record.topic, partition]);
    const offset = offsets.get(name) ?? 0;
    offsets.set(name, offset + 1);
    return {
      topic: record.topic,
      partition,
      offset,
      timestamp: record.timestamp ?? clock.now(),
      timestampType: 'createTime',
      logStartOffset: 0,
      serializedKeySize: bytesOf(record.key)?.length ?? -1,
      serializedValueSize: bytesOf(record.value)?.length ?? -1,
    };
  };
  return {
    written,
    write: (record, done) => {
      written.push(record);
      const metadata = place(record);
      let answered = false;
      const answer = (): void => {
        if (answered) return;
        answered = true;
        done(null, metadata);
      };
      respond.pipe(take(1)).subscribe({
        next: answer,
        complete: answer,
        error: (error: unknown) => {
          done(error, null);
        },
      });
      return true;
    },
    onReady: () => () => undefined,
  };
}
