import { asyncScheduler } from 'rxjs';
import type { ConsumerRecord, LeasedBatch } from '../../src/model/consumer-record.js';
import { type Lease, type LeaseOwner, type Leased, takeLease } from '../../src/model/lease.js';

type OperatorRuntime = LeaseOwner['runtime'];

/** For elements whose lease names no partition: real (or virtual) time and no jitter. */
const detached: OperatorRuntime = { scheduler: asyncScheduler, random: () => 0.5 };

/** The lease of an element of a stream that need not be leased; a field that merely has the name does not count. */
export function leaseOf(item: unknown): Lease | null {
  if (typeof item !== 'object' || item === null) return null;
  const lease = (item as Partial<Leased>).lease as Partial<Lease> | null | undefined;
  return typeof lease === 'object' && lease !== null && typeof lease.ack === 'function' ? (lease as Lease) : null;
}

/** Has to run inside `next`: from here on the lease lives until it is settled, whatever becomes of upstream. */
export function take(lease: Lease): void {
  lease[takeLease]?.();
}

/** The consumed record below an element: through Processed and Delivery, else the element itself. */
export function recordOf(item: unknown): unknown {
  let current = item as { readonly record?: unknown; readonly source?: unknown };
  for (;;) {
    if (current.record !== undefined) return current.record;
    if (current.source === undefined || leaseOf(current.source) === null) return current;
    current = current.source as typeof current;
  }
}

/** The first consumed record below an element; of a batch, its first item's. */
export function firstRecordOf(item: unknown): ConsumerRecord<unknown, unknown> {
  return recordsOf(item)[0] ?? (recordOf(item) as ConsumerRecord<unknown, unknown>);
}

/** Every consumed record below an element: one, or those of a batch, through whatever its items are. */
export function recordsOf(item: unknown): readonly ConsumerRecord<unknown, unknown>[] {
  const below = recordOf(item) as ConsumerRecord<unknown, unknown> & Partial<LeasedBatch<unknown>>;
  return Array.isArray(below.items) ? below.items.flatMap((inner: unknown) => recordsOf(inner)) : [below];
}

/** Scheduler and chance of a leased element. */
export function runtimeOf(lease: Lease | null): OperatorRuntime {
  return lease?.partitions[0]?.runtime ?? detached;
}
