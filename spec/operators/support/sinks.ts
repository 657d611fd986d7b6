import {
  type DeliveryReceiver,
  type FastSink,
  type ProducerRecord,
  type RecordMetadata,
  type RecordSink,
  fastSink,
} from '../../../src/model/record-sink.js';

type Record = ProducerRecord<number, number>;

export function metadata(offset: number): RecordMetadata {
  return {
    topic: 't',
    partition: 0,
    offset,
    timestamp: 5,
    timestampType: 'createTime',
    logStartOffset: 0,
    serializedKeySize: -1,
    serializedValueSize: 4,
  };
}

/** A sink with room for `capacity` unanswered records, answered by the spec in any order. */
export class SpecSink implements RecordSink<number, number> {
  readonly written: Record[] = [];
  readonly answers: ((error: unknown, metadata: RecordMetadata | null) => void)[] = [];
  readonly listeners = new Set<() => void>();
  capacity: number;
  unanswered = 0;
  #full = false;

  constructor(capacity = Infinity) {
    this.capacity = capacity;
  }

  readonly write = (record: Record, done: (error: unknown, metadata: RecordMetadata | null) => void): boolean => {
    if (this.#full) throw new Error('written to a full sink');
    return this.#taken(record, done);
  };

  readonly onReady = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  protected accept(record: Record, done: (error: unknown, metadata: RecordMetadata | null) => void): boolean {
    return this.#taken(record, done);
  }

  /** Answers write number `index`. */
  answer(index: number, error: unknown = null): void {
    this.unanswered -= 1;
    this.answers[index]!(error, error === null ? metadata(index) : null);
    if (this.#full && this.unanswered < this.capacity) {
      this.#full = false;
      for (const listener of [...this.listeners]) listener();
    }
  }

  #taken(record: Record, done: (error: unknown, metadata: RecordMetadata | null) => void): boolean {
    this.written.push(record);
    this.answers.push(done);
    this.unanswered += 1;
    this.#full = this.unanswered >= this.capacity;
    return !this.#full;
  }
}

/** The same through the port without a closure per record. */
export class SpecFastSink extends SpecSink implements FastSink<number, number> {
  readonly [fastSink] = (record: Record, receiver: DeliveryReceiver, token: number): boolean =>
    this.accept(record, (error, at) => {
      if (at === null) receiver.failed(token, error);
      else receiver.delivered(token, at, at.offset, at.timestamp, at.serializedKeySize, at.serializedValueSize);
      receiver.flushed();
    });
}
