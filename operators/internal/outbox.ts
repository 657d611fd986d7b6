import { Observable } from 'rxjs';
import type { ProducerRecord, RecordSink } from '../../src/model/record-sink.js';
import type { Bytes } from '../../src/model/topic-partition.js';
import { invalid } from './options.js';

export type BytesSink = RecordSink<Bytes | null, Bytes | null>;
export type BytesRecord = ProducerRecord<Bytes | null, Bytes | null>;

/** Checks the sink of a failure policy. */
export function checkSink(where: string, sink: unknown): void {
  const port = sink as Partial<BytesSink> | null | undefined;
  if (typeof port?.write !== 'function' || typeof port.onReady !== 'function') {
    throw invalid(where, 'sink', sink, 'it must be the bytes of a producer or of a transaction');
  }
}

interface Entry {
  readonly record: BytesRecord;
  readonly done: (error: unknown) => void;
}

/** Writes the few records of a failure policy; while the sink is full they wait here, in order. */
export class Outbox {
  readonly #sink: BytesSink;
  readonly #waiting = new Set<Entry>();
  #listening = false;
  #readies = 0;
  #full = false;

  constructor(sink: BytesSink) {
    this.#sink = sink;
  }

  /** One value when all of them were acknowledged; the error of the first that was not. Unsubscribing takes back what waits. */
  write(records: readonly BytesRecord[]): Observable<'settled'> {
    return new Observable((subscriber) => {
      let open = records.length;
      const settle = (): void => {
        if (open > 0) return;
        subscriber.next('settled');
        subscriber.complete();
      };
      for (const record of records) {
        const entry: Entry = {
          record,
          done: (error) => {
            open -= 1;
            if (error === null) settle();
            else subscriber.error(error);
          },
        };
        subscriber.add(() => this.#waiting.delete(entry));
        if (this.#full) this.#waiting.add(entry);
        else this.#send(entry);
      }
      settle();
    });
  }

  #send({ record, done }: Entry): void {
    if (!this.#listening) {
      this.#listening = true;
      this.#sink.onReady(() => {
        this.#readies += 1;
        this.#full = false;
        this.#flush();
      });
    }
    const readies = this.#readies;
    try {
      const room = this.#sink.write(record, (error, metadata) => {
        done(metadata === null ? (error ?? new Error('the sink refused the record')) : null);
      });
      // a sink that becomes ready inside `write` would otherwise never be heard again
      if (!room && readies === this.#readies) this.#full = true;
    } catch (error) {
      done(error);
    }
  }

  #flush(): void {
    for (const entry of this.#waiting) {
      if (this.#full) return;
      this.#waiting.delete(entry);
      this.#send(entry);
    }
  }
}
