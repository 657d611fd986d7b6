import { type CommitReceipt } from '../model/commit.js';
import { type Runtime } from '../model/runtime.js';
import { Timer } from '../runtime/timer.js';
import { type Cadence } from './consumer-ports.js';
import { type HeldPartition } from './held-partition.js';

interface Override {
  readonly cadence: Cadence | null;
  readonly receipt: (receipt: CommitReceipt) => void;
}

interface Entry {
  readonly held: HeldPartition;
  readonly overrides: Set<Override>;
  /** Something settled since the last commit was asked for. */
  dirty: boolean;
  /** When that commit was asked for, and what had been settled by then. */
  since: number;
  settledBefore: number;
  /** Delivery epoch that `settledBefore` belongs to. */
  epoch: number;
}

/**
 * When offsets are committed without anybody asking: by time and by settled records, per partition, because `commitOffsets`
 * may set another cadence for the partitions that pass through it. The timer is armed only while something is to be
 * committed: an idle consumer has none.
 */
export class CommitCadence {
  readonly #runtime: Runtime;
  readonly #own: Cadence | null;
  readonly #commit: (due: readonly HeldPartition[]) => void;
  readonly #entries: Map<HeldPartition, Entry> = new Map<HeldPartition, Entry>();
  readonly #timer: Timer;
  #wakeAt = Number.POSITIVE_INFINITY;

  /** @param own - the consumer's cadence, null under `commit: false` */
  constructor(runtime: Runtime, own: Cadence | null, commit: (due: readonly HeldPartition[]) => void) {
    this.#runtime = runtime;
    this.#own = own;
    this.#commit = commit;
    this.#timer = new Timer(runtime, () => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#tick();
    });
  }

  add(held: HeldPartition): void {
    this.#entries.set(held, {
      held,
      overrides: new Set<Override>(),
      dirty: false,
      since: this.#runtime.now(),
      settledBefore: 0,
      epoch: held.cursor.deliveryEpoch,
    });
  }

  remove(held: HeldPartition): void {
    this.#entries.delete(held);
    if (this.#entries.size === 0) this.close();
  }

  /** Another cadence for one partition; null keeps the consumer's and only asks for the receipts. */
  override(held: HeldPartition, cadence: Cadence | null, receipt: (receipt: CommitReceipt) => void): () => void {
    const entry = this.#entries.get(held);
    if (entry === undefined) return () => undefined;
    const override: Override = { cadence, receipt };
    entry.overrides.add(override);
    if (entry.dirty) this.#arm(entry);
    return () => {
      entry.overrides.delete(override);
    };
  }

  /** Whether an operator set a cadence of its own for this partition. */
  overridden(held: HeldPartition): boolean {
    const entry = this.#entries.get(held);
    return entry !== undefined && [...entry.overrides].some(({ cadence }) => cadence !== null);
  }

  settled(held: HeldPartition): void {
    const entry = this.#entries.get(held);
    if (entry === undefined) return;
    entry.dirty = true;
    this.#arm(entry);
  }

  /** Passes a receipt on to the operators through which its partitions pass; each gets its own partitions' part. */
  received(receipt: CommitReceipt): void {
    const parts = new Map<(receipt: CommitReceipt) => void, CommitReceipt['offsets'][number][]>();
    for (const offset of receipt.offsets) {
      for (const entry of this.#entries.values()) {
        if (!entry.held.is(offset)) continue;
        for (const override of entry.overrides) {
          const part = parts.get(override.receipt);
          if (part === undefined) parts.set(override.receipt, [offset]);
          else part.push(offset);
        }
      }
    }
    for (const [deliver, offsets] of parts) deliver({ offsets, outcome: receipt.outcome, at: receipt.at });
  }

  close(): void {
    this.#timer.clear();
    this.#wakeAt = Number.POSITIVE_INFINITY;
  }

  #arm(entry: Entry): void {
    const due = this.#dueAt(entry);
    if (due >= this.#wakeAt) return;
    this.#wakeAt = due;
    this.#timer.set(Math.max(0, due - this.#runtime.now()));
  }

  #tick(): void {
    const now = this.#runtime.now();
    const due: HeldPartition[] = [];
    for (const entry of this.#entries.values()) {
      if (!entry.dirty || this.#dueAt(entry) > now) continue;
      entry.dirty = false;
      entry.since = now;
      entry.settledBefore = settledOf(entry.held);
      entry.epoch = entry.held.cursor.deliveryEpoch;
      due.push(entry.held);
    }
    for (const entry of this.#entries.values()) if (entry.dirty) this.#arm(entry);
    if (due.length > 0) this.#commit(due);
  }

  /** When this partition is due, infinity while its cadence says never. */
  #dueAt(entry: Entry): number {
    let due = Number.POSITIVE_INFINITY;
    let replaced = false;
    for (const override of entry.overrides) {
      if (override.cadence === null) continue;
      replaced = true;
      due = Math.min(due, this.#dueBy(entry, override.cadence));
    }
    return replaced || this.#own === null ? due : this.#dueBy(entry, this.#own);
  }

  #dueBy(entry: Entry, cadence: Cadence): number {
    if (entry.epoch !== entry.held.cursor.deliveryEpoch) {
      // a new delivery epoch counts from zero
      entry.epoch = entry.held.cursor.deliveryEpoch;
      entry.settledBefore = 0;
    }
    const settled = settledOf(entry.held) - entry.settledBefore;
    if (cadence.everyRecords !== null && settled >= cadence.everyRecords) return 0;
    return cadence.everyMs === null ? Number.POSITIVE_INFINITY : entry.since + cadence.everyMs;
  }
}

/** Records settled in the current delivery epoch. */
function settledOf(held: HeldPartition): number {
  const { tracker } = held.cursor;
  return tracker.tail - tracker.open - tracker.released;
}
