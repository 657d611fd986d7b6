import { type Cluster } from '../cluster/cluster.js';
import { OffsetResetError } from '../errors/client-errors.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { hop, Timer } from '../runtime/timer.js';
import { Fetcher } from './fetcher.js';
import { type FetchedRecord } from './fetched-record.js';
import { type ConsumerFlowOptions, type CursorListener, type PositionTrouble } from './flow-options.js';
import { type PartitionCursor } from './partition-cursor.js';
import { type RangePart } from './range-plan.js';

/** Who gets a bounded read; nothing is called in the stack of a call into the reader. */
export interface RangeReceiver {
  next(record: FetchedRecord): void;
  completed(): void;
  failed(error: KafkaError): void;
  /** The connections are closed; nothing holds the process. */
  closed(): void;
}

/** Why a partition that has reached its end is not delivered. */
const atEnd = 'range';

/**
 * Reads partitions from one offset to another over fetch connections of its own, without a group and without commits.
 *
 * A partition is through when its position has passed the end, which the headers of hidden batches move too: a range that ends
 * with control records, aborted or compacted ones completes. A release in front of that rewinds the partition and opens it
 * again. With the last partition the read completes; leases that operators took over may settle until the drain time is over.
 */
export class RangeReader implements CursorListener {
  readonly #cluster: Cluster;
  readonly #receiver: RangeReceiver;
  readonly #fetcher: Fetcher;
  readonly #ends: Map<PartitionCursor, number> = new Map<PartitionCursor, number>();
  readonly #unfinished: Set<PartitionCursor> = new Set<PartitionCursor>();
  readonly #drain: Timer;
  readonly #drainTimeoutMs: number;
  /** No more deliveries. */
  #over = false;
  #closed = false;

  constructor(
    cluster: Cluster,
    options: ConsumerFlowOptions & { readonly drainTimeoutMs: number },
    parts: readonly RangePart[],
    receiver: RangeReceiver,
  ) {
    this.#cluster = cluster;
    this.#receiver = receiver;
    this.#drainTimeoutMs = options.drainTimeoutMs;
    // nothing is committed: what nobody takes over is done with its delivery, or a read longer than the window would stand still
    this.#fetcher = new Fetcher(cluster, { ...options, acknowledge: 'onNext' }, this);
    this.#drain = new Timer(cluster.runtime, () => {
      this.close();
    });
    for (const part of parts) {
      if (part.from >= part.to) continue;
      const cursor = this.#fetcher.open(part, 1, part.from, part.leaderEpoch);
      this.#ends.set(cursor, part.to);
      this.#unfinished.add(cursor);
      cursor.attachRecords({
        next: (record) => {
          this.#next(cursor, part.to, record);
        },
      });
    }
    if (this.#unfinished.size === 0) {
      hop(cluster.runtime, () => {
        this.#complete();
      });
    }
  }

  /** The subscriber left, or everything was read: what operators took over may settle for a while. */
  stop(): void {
    if (this.#closed || this.#drain.armed) return;
    this.#over = true;
    for (const cursor of this.#ends.keys()) {
      cursor.stopDelivery();
      cursor.fenceUntaken();
    }
    this.#drain.set(this.#drainTimeoutMs);
    hop(this.#cluster.runtime, () => {
      this.#closeWhenSettled();
    });
  }

  /** At once: open leases are fenced. */
  close(): void {
    if (this.#closed) return;
    this.#closed = this.#over = true;
    this.#drain.clear();
    this.#fetcher.close();
    this.#receiver.closed();
  }

  // ---- CursorListener

  settled(cursor: PartitionCursor): void {
    this.#look(cursor);
    this.#closeWhenSettled();
  }

  positionInvalid(cursor: PartitionCursor, why: PositionTrouble): void {
    const { topic, partition, position, commitValue, fetch } = cursor;
    if (why === 'released') {
      if (commitValue !== null) cursor.moveTo(commitValue.offset, commitValue.leaderEpoch);
      return;
    }
    if (why === 'truncated' && position <= fetch.divergesAt) {
      cursor.refetch();
      return;
    }
    const message = `The range cannot be read to its end: ${topic}-${partition} at offset ${position} is ${describe[why]}`;
    this.#fail(new OffsetResetError(message, { topic, partition, offset: position }));
  }

  fetchFailed(_cursor: PartitionCursor, error: KafkaError): void {
    this.#fail(error);
  }

  pressure(): void {
    // operators are told by the cursor itself
  }

  // ---- inner

  #next(cursor: PartitionCursor, end: number, record: FetchedRecord): void {
    if (this.#over) return;
    if (record.offset < end) this.#receiver.next(record);
    this.#look(cursor);
  }

  /** Has it reached its end, or left it again? */
  #look(cursor: PartitionCursor): void {
    if (this.#over) return;
    const through = cursor.position >= this.#ends.get(cursor)! && cursor.releasedLeases === 0;
    if (!through) {
      if (this.#unfinished.has(cursor)) return;
      this.#unfinished.add(cursor);
      cursor.resume(atEnd);
      return;
    }
    if (!this.#unfinished.delete(cursor)) return;
    cursor.pause(atEnd);
    if (this.#unfinished.size > 0) return;
    hop(this.#cluster.runtime, () => {
      if (this.#unfinished.size === 0) this.#complete();
    });
  }

  #complete(): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.completed();
    this.stop();
  }

  #fail(error: KafkaError): void {
    if (this.#over) return;
    this.close();
    this.#receiver.failed(error);
  }

  #closeWhenSettled(): void {
    if (!this.#drain.armed) return;
    for (const cursor of this.#ends.keys()) if (cursor.openLeases > 0) return;
    this.close();
  }
}

const describe: Readonly<Record<Exclude<PositionTrouble, 'released'>, string>> = {
  outOfRange: 'not in the log any more',
  truncated: 'cut off from the log',
  recreated: 'of a topic that was created anew',
};
