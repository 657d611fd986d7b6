import type { Subscription } from 'rxjs';
import { UsageError } from '../../src/errors/usage-error.js';
import type { CommitReceipt } from '../../src/model/commit.js';
import type { LeaseOwner } from '../../src/model/lease.js';

export interface CadenceOptions {
  readonly everyRecords?: number | undefined;
  readonly everyMs?: number | undefined;
}

/** How one partition is committed while an operator is the commit boundary. */
export interface Cadence {
  /** One element of the partition was acknowledged. */
  acknowledged(): void;
  close(): void;
}

const DEFAULT_MS = 5000;

/**
 * The cadence of a partition: the owner's own, which knows the consumer's options and commits partitions together. An
 * owner without one (a bridge, the marble kit) is asked to commit by this side's count and clock.
 */
export function openCadence(
  owner: LeaseOwner,
  options: CadenceOptions | undefined,
  receipt: (receipt: CommitReceipt) => void,
  failed: (error: unknown) => void,
): Cadence {
  if (owner.windowed === true) {
    const text = `commitOffsets: ${owner.topic} partition ${owner.partition} is in the window of a transaction, which commits its offsets; leave commitOffsets out`;
    throw new UsageError(text, { topic: owner.topic, partition: owner.partition });
  }
  if (owner.commitCadence !== undefined) {
    const close = owner.commitCadence(options, receipt);
    return { acknowledged: nothing, close };
  }
  if (owner.groupMetadata() === undefined) {
    throw new UsageError(
      `commitOffsets: ${owner.topic} partition ${owner.partition} is read without a group, there is nowhere to commit to; set groupId, or use acknowledge()`,
    );
  }
  return new CountedCadence(owner, options, receipt, failed);
}

function nothing(): void {
  // the owner counts for itself
}

class CountedCadence implements Cadence {
  readonly #owner: LeaseOwner;
  readonly #everyRecords: number;
  readonly #everyMs: number;
  readonly #receipt: (receipt: CommitReceipt) => void;
  readonly #failed: (error: unknown) => void;
  #pending = 0;
  #timer: Subscription | null = null;
  #cancel: (() => void) | null = null;

  constructor(
    owner: LeaseOwner,
    options: CadenceOptions = { everyMs: DEFAULT_MS },
    receipt: (receipt: CommitReceipt) => void,
    failed: (error: unknown) => void,
  ) {
    this.#owner = owner;
    this.#everyRecords = options.everyRecords ?? Infinity;
    this.#everyMs = options.everyMs ?? Infinity;
    this.#receipt = receipt;
    this.#failed = failed;
  }

  acknowledged(): void {
    this.#pending += 1;
    if (this.#pending >= this.#everyRecords) this.#commit();
    else if (this.#timer === null && this.#everyMs !== Infinity) {
      this.#timer = this.#owner.runtime.scheduler.schedule(() => {
        this.#timer = null;
        this.#commit();
      }, this.#everyMs);
    }
  }

  close(): void {
    this.#timer?.unsubscribe();
    this.#cancel?.();
  }

  #commit(): void {
    // one at a time: what is acknowledged meanwhile counts towards the next
    if (this.#cancel !== null) return;
    this.#pending = 0;
    this.#timer?.unsubscribe();
    this.#timer = null;
    this.#cancel = this.#owner.commitNow((receipt, error) => {
      this.#cancel = null;
      if (receipt !== null) this.#receipt(receipt);
      else if (error !== undefined) this.#failed(error);
      if (this.#pending >= this.#everyRecords) this.#commit();
    });
  }
}
