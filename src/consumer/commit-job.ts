import { TimeoutExpiredError } from '../errors/client-errors.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type CommitReceipt } from '../model/commit.js';
import { type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type TopicPartitionOffset } from '../model/topic-partition.js';
import { Timer } from '../runtime/timer.js';

export type Outcome = CommitReceipt['outcome'];

const severity: Readonly<Record<Outcome, number>> = { committed: 0, superseded: 1, fenced: 2 };

/** Somebody waits for these partitions to be committed; answered once, in time. */
export class CommitJob<E> {
  readonly #runtime: Runtime;
  readonly #open: Set<E>;
  readonly #done: Done<CommitReceipt>;
  readonly #limit: Timer;
  readonly #results: Map<Outcome, TopicPartitionOffset[]> = new Map<Outcome, TopicPartitionOffset[]>();
  #error: KafkaError | null = null;
  #over = false;

  constructor(runtime: Runtime, entries: Iterable<E>, timeoutMs: number, done: Done<CommitReceipt>) {
    this.#runtime = runtime;
    this.#open = new Set(entries);
    this.#done = done;
    this.#limit = new Timer(runtime, () => {
      const text = `Offsets were not committed within ${timeoutMs} ms, the group may be rebalancing or out of reach`;
      this.#finish(new TimeoutExpiredError(text, { retriable: true, cause: this.lastRefusal ?? undefined }));
    });
    this.#limit.set(timeoutMs);
  }

  /** Why the last try failed, for the error when time is over. */
  lastRefusal: KafkaError | null = null;

  get over(): boolean {
    return this.#over;
  }

  settle(entry: E, outcome: Outcome, offset: TopicPartitionOffset | null): void {
    if (!this.#open.delete(entry)) return;
    if (offset !== null) {
      const list = this.#results.get(outcome);
      if (list === undefined) this.#results.set(outcome, [offset]);
      else list.push(offset);
    }
    this.finishIfComplete();
  }

  refuse(entry: E, error: KafkaError): void {
    this.#error ??= error;
    if (this.#open.delete(entry)) this.finishIfComplete();
  }

  finishIfComplete(): void {
    if (this.#open.size === 0) this.#finish(this.#error);
  }

  cancel(): void {
    this.#over = true;
    this.#limit.clear();
  }

  /** With different outcomes the receipt names the worst one and its partitions. */
  #finish(error: KafkaError | null): void {
    if (this.#over) return;
    this.cancel();
    if (error !== null) {
      this.#done(error, null);
      return;
    }
    const outcomes = [...this.#results.keys()].sort((left, right) => severity[right] - severity[left]);
    const outcome = outcomes[0] ?? 'committed';
    this.#done(null, { offsets: this.#results.get(outcome) ?? [], outcome, at: this.#runtime.wallClock() });
  }
}
