import { type DeliveryReceiver, type WrittenBatch } from '../model/record-sink.js';

/** Called with what a receiver threw; the other records of the batch are answered all the same. */
export type ReceiverThrew = (error: unknown) => void;

/**
 * Who is to be told about each record of one batch. Parallel arrays instead of an object per record: what lives until the
 * acknowledgement survives young-generation collections, and one object per record in flight made GC a third of the cost.
 * Receivers are kept as runs, because all records of a batch usually come from one.
 */
export class DeliveryList {
  count = 0;
  #tokens: Float64Array = new Float64Array(64);
  #timestamps: Float64Array = new Float64Array(64);
  #keySizes: Int32Array = new Int32Array(64);
  #valueSizes: Int32Array = new Int32Array(64);
  #receiver: DeliveryReceiver | null = null;
  readonly #runReceivers: DeliveryReceiver[] = [];
  readonly #runStarts: number[] = [];

  push(receiver: DeliveryReceiver, token: number, timestamp: number, keySize: number, valueSize: number): void {
    const index = this.count;
    if (index === this.#tokens.length) this.#grow();
    if (receiver !== this.#receiver) this.#startRun(receiver, index);
    this.#tokens[index] = token;
    this.#timestamps[index] = timestamp;
    this.#keySizes[index] = keySize;
    this.#valueSizes[index] = valueSize;
    this.count = index + 1;
  }

  /** Tells every receiver where its record went; `logAppendTime` -1 keeps the records' own timestamps. */
  delivered(batch: WrittenBatch, baseOffset: number, logAppendTime: number, threw: ReceiverThrew): void {
    for (let run = 0; run < this.#runStarts.length; run++) {
      const receiver = this.#runReceivers[run]!;
      const end = this.#runStarts[run + 1] ?? this.count;
      let index = this.#runStarts[run]!;
      while (index < end) {
        // outside the inner loop, which is the hot one; resumed behind the record whose receiver threw
        try {
          while (index < end) {
            const at = index++;
            receiver.delivered(
              this.#tokens[at]!,
              batch,
              baseOffset < 0 ? -1 : baseOffset + at,
              logAppendTime < 0 ? this.#timestamps[at]! : logAppendTime,
              this.#keySizes[at]!,
              this.#valueSizes[at]!,
            );
          }
        } catch (error) {
          threw(error);
        }
      }
    }
  }

  /** Tells every receiver why its record was not written; `errorAt` chooses the error by index within the batch. */
  failed(errorAt: (index: number) => unknown, threw: ReceiverThrew): void {
    for (let run = 0; run < this.#runStarts.length; run++) {
      const receiver = this.#runReceivers[run]!;
      const end = this.#runStarts[run + 1] ?? this.count;
      for (let index = this.#runStarts[run]!; index < end; index++) {
        try {
          receiver.failed(this.#tokens[index]!, errorAt(index));
        } catch (error) {
          threw(error);
        }
      }
    }
  }

  /** Adds the distinct receivers to `into`, for their `flushed()` at the end of the answer. */
  collectReceivers(into: DeliveryReceiver[]): void {
    for (const receiver of this.#runReceivers) if (!into.includes(receiver)) into.push(receiver);
  }

  /** Appends the entries `from` to `end` to another list: a batch that is split in two. */
  copyTo(other: DeliveryList, from: number, end: number): void {
    let run = 0;
    for (let index = from; index < end; index++) {
      while ((this.#runStarts[run + 1] ?? this.count) <= index) run++;
      other.push(
        this.#runReceivers[run]!,
        this.#tokens[index]!,
        this.#timestamps[index]!,
        this.#keySizes[index]!,
        this.#valueSizes[index]!,
      );
    }
  }

  /** Empties the list for its next batch; the arrays stay. */
  clear(): void {
    this.count = 0;
    this.#receiver = null;
    // one run as a rule: to set the length takes V8 out of its compiled code
    while (this.#runStarts.length > 0) {
      this.#runStarts.pop();
      this.#runReceivers.pop();
    }
  }

  #startRun(receiver: DeliveryReceiver, index: number): void {
    this.#receiver = receiver;
    this.#runReceivers.push(receiver);
    this.#runStarts.push(index);
  }

  #grow(): void {
    const length = this.#tokens.length * 2;
    const tokens = new Float64Array(length);
    const timestamps = new Float64Array(length);
    const keySizes = new Int32Array(length);
    const valueSizes = new Int32Array(length);
    tokens.set(this.#tokens);
    timestamps.set(this.#timestamps);
    keySizes.set(this.#keySizes);
    valueSizes.set(this.#valueSizes);
    this.#tokens = tokens;
    this.#timestamps = timestamps;
    this.#keySizes = keySizes;
    this.#valueSizes = valueSizes;
  }
}
