import { type Observer, type OperatorFunction, type Subscriber, Observable } from 'rxjs';
import type { CommitReceipt } from '../src/model/commit.js';
import type { LeaseOwner, Leased } from '../src/model/lease.js';
import type { TopicPartition } from '../src/model/topic-partition.js';
import { type Cadence, type CadenceOptions, openCadence } from './internal/commit-cadence.js';
import { link } from './internal/link.js';
import { checkNames, countOption, invalid, msOption } from './internal/options.js';

/** Options of {@link commitOffsets}. @public */
export interface CommitOffsetsOptions {
  /** Commit a partition when so many of its elements were acknowledged. */
  readonly everyRecords?: number | undefined;
  /** Commit a partition at latest so long after an element was acknowledged, milliseconds. */
  readonly everyMs?: number | undefined;
}

/**
 * The commit boundary: acknowledges each element as it arrives and emits the receipt of every commit that covers its
 * partitions. Without options the consumer's cadence applies, with options theirs, for the partitions that pass here.
 *
 * When the source completes, the last values are committed, and completion follows the last receipt. Unsubscribing
 * commits nothing by itself; the consumer's final commit covers what was acknowledged. Where nothing can be committed (no group)
 * a UsageError goes down the error channel.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders.records$.pipe(processEach(order => save(order.value)), commitOffsets({ everyMs: 1000 })).subscribe()
 * ```
 * @public
 */
export function commitOffsets(options?: CommitOffsetsOptions): OperatorFunction<Leased, CommitReceipt> {
  const cadence = resolve(options);
  return (source) =>
    new Observable((downstream) => {
      const run = new CommitRun(cadence, downstream);
      downstream.add(() => {
        run.close();
      });
      link(source, downstream, run);
    });
}

function resolve(options: CommitOffsetsOptions | undefined): CadenceOptions | undefined {
  const where = 'commitOffsets';
  checkNames(where, options, ['everyRecords', 'everyMs']);
  if (options?.everyRecords === undefined && options?.everyMs === undefined) return undefined;
  const { everyRecords, everyMs } = options;
  countOption(where, 'everyRecords', everyRecords, 0, 1);
  msOption(where, 'everyMs', everyMs, 0);
  if (everyMs === 0) throw invalid(where, 'everyMs', everyMs, 'it must be above 0');
  return { everyRecords, everyMs };
}

class CommitRun implements Observer<Leased> {
  readonly #options: CadenceOptions | undefined;
  readonly #downstream: Subscriber<CommitReceipt>;
  readonly #cadences = new Map<LeaseOwner, Cadence>();
  readonly #cancels: (() => void)[] = [];
  /** What was told last of each partition that passes here: the last commit of a partition is told twice, see `#receipt`. */
  readonly #told = new Map<string, string | null>();
  #latest: LeaseOwner | null = null;
  #latestCadence: Cadence | null = null;
  #closed = false;

  constructor(options: CadenceOptions | undefined, downstream: Subscriber<CommitReceipt>) {
    this.#options = options;
    this.#downstream = downstream;
  }

  next(item: Leased): void {
    const lease = item.lease;
    const owners = lease.partitions;
    if (owners.length === 1 && owners[0] === this.#latest) {
      lease.ack();
      this.#latestCadence!.acknowledged();
      return;
    }
    const open = owners.map((owner) => this.#cadence(owner));
    // an owner may have refused, which has ended the stream: then nothing was committed and nothing is settled
    if (this.#closed) {
      lease.release();
      return;
    }
    lease.ack();
    for (const cadence of open) cadence?.acknowledged();
  }

  error(error: unknown): void {
    this.#downstream.error(error);
  }

  complete(): void {
    let waiting = this.#cadences.size;
    if (waiting === 0) {
      this.#downstream.complete();
      return;
    }
    for (const owner of [...this.#cadences.keys()]) {
      const cancel = owner.commitNow((receipt, error) => {
        if (this.#closed) return;
        if (receipt !== null) this.#receipt(receipt);
        else if (error !== undefined) this.error(error);
        waiting -= 1;
        if (waiting === 0) this.#downstream.complete();
      });
      this.#cancels.push(cancel);
    }
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#cancels) cancel();
    for (const cadence of this.#cadences.values()) cadence.close();
    this.#cadences.clear();
  }

  #cadence(owner: LeaseOwner): Cadence | null {
    let cadence = this.#cadences.get(owner);
    if (cadence === undefined) {
      try {
        cadence = openCadence(owner, this.#options, this.#receipt, this.#failed);
      } catch (error) {
        this.error(error);
        return null;
      }
      this.#replace(owner, cadence);
    }
    this.#latest = owner;
    this.#latestCadence = cadence;
    return cadence;
  }

  /** An earlier assignment of the same partition is over: nothing of it is settled any more. */
  #replace(owner: LeaseOwner, cadence: Cadence): void {
    for (const [earlier, old] of this.#cadences) {
      if (earlier.topic === owner.topic && earlier.partition === owner.partition && earlier.epoch < owner.epoch) {
        old.close();
        this.#cadences.delete(earlier);
      }
    }
    this.#cadences.set(owner, cadence);
    this.#told.set(nameOf(owner), null);
  }

  /**
   * A receipt comes through the cadence, and the last one also as the answer of `commitNow`, as an object of its own and in
   * either order; it may cover partitions that do not pass here. What is left is what was not told before.
   */
  readonly #receipt = (receipt: CommitReceipt): void => {
    if (this.#closed) return;
    const offsets = receipt.offsets.filter((entry) => {
      const name = nameOf(entry);
      const news = `${receipt.outcome} ${entry.offset}`;
      const told = this.#told.get(name);
      if (told === undefined || told === news) return false;
      this.#told.set(name, news);
      return true;
    });
    if (offsets.length === 0) return;
    this.#downstream.next(offsets.length === receipt.offsets.length ? receipt : { ...receipt, offsets });
  };

  readonly #failed = (error: unknown): void => {
    if (!this.#closed) this.error(error);
  };
}

function nameOf(partition: TopicPartition): string {
  return JSON.stringify([partition.topic, partition.partition]);
}
