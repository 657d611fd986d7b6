import { setTimeout as sleep } from 'node:timers/promises';
import { concat, EMPTY, lastValueFrom, throwError } from 'rxjs';
import { produceFrom } from '../../../operators/index.js';
import { KafkaError, type TransactionalProducer } from '../../../src/index.js';

/** What the feeder did. */
export interface FedCounts {
  readonly records: number;
  readonly committed: number;
  /** On purpose: their records are in the log and no `read_committed` reader may see them. */
  readonly aborted: number;
  /** By an error, and fed again. */
  readonly failed: number;
}

const planned = new Error('aborted on purpose');

/** Feeds the input of a proof by transactions at a steady rate; what a transaction failed with is fed by the next one. */
export class TransactionFeeder {
  readonly #producer: TransactionalProducer<string, string>;
  readonly #topic: string;
  readonly #partitions: number;
  readonly #keys: number;
  readonly #random: () => number;
  readonly errors: string[] = [];
  #fed = 0;
  #committed = 0;
  #aborted = 0;
  #failed = 0;

  constructor(
    producer: TransactionalProducer<string, string>,
    topic: string,
    partitions: number,
    keys: number,
    random: () => number,
  ) {
    this.#producer = producer;
    this.#topic = topic;
    this.#partitions = partitions;
    this.#keys = keys;
    this.#random = random;
  }

  get counts(): FedCounts {
    return { records: this.#fed, committed: this.#committed, aborted: this.#aborted, failed: this.#failed };
  }

  /**
   * Goes on from where it stands until `total` records are fed.
   * @throws what ends the producer
   */
  async run(total: number, perSecond: number): Promise<void> {
    const [begun, first] = [performance.now(), this.#fed];
    while (this.#fed < total) {
      const due = Math.min(total, first + Math.ceil(((performance.now() - begun) / 1000) * perSecond) + 1);
      // small transactions, so that there are many; behind a fault they catch up
      if (due > this.#fed) await this.#transaction(this.#fed, Math.min(due, this.#fed + 2000));
      await sleep(50);
    }
  }

  async #transaction(from: number, to: number): Promise<void> {
    const ids = Array.from({ length: to - from }, (_, at) => from + at);
    const aborts = this.#random() < 0.05;
    const source$ = this.#producer.transaction((tx) =>
      concat(
        produceFrom(ids, tx, (id) => {
          const key = id % this.#keys;
          return { topic: this.#topic, partition: key % this.#partitions, key: `key-${key}`, value: String(id) };
        }),
        aborts ? throwError(() => planned) : EMPTY,
      ),
    );
    try {
      await lastValueFrom(source$, { defaultValue: null });
      this.#fed = to;
      this.#committed += 1;
    } catch (error) {
      if (error === planned) {
        this.#aborted += 1;
        return;
      }
      this.#failed += 1;
      this.errors.push(String(error));
      if (!KafkaError.is(error) || error.fatal) throw error;
    }
  }
}
