import { UsageError } from '../../src/errors/usage-error.js';
import type { Lease } from '../../src/model/lease.js';
import { recordOf } from './leases.js';

/** The lane of an element: elements of one lane run one after another, in order of arrival. */
export type LaneOf<S> = (item: S, lease: Lease) => unknown;

/** Not in any lane: runs side by side with everything. */
export const FREE_LANE: unique symbol = Symbol('free lane');

/** Elements whose lease covers several partitions share a lane. */
const mixed = Symbol('several partitions');

export function partitionLane(_item: unknown, lease: Lease): unknown {
  return lease.partitions.length === 1 ? lease.partitions[0] : mixed;
}

export function freeLane(): unknown {
  return FREE_LANE;
}

/**
 * A 31-bit hash of the raw key: two keys with the same hash share a lane, which costs a little concurrency and no
 * order, and saves a string per record. Records without a key have no order to keep.
 */
export function keyLane(item: unknown): unknown {
  const bytes = (recordOf(item) as { readonly keyBytes?: Uint8Array | null }).keyBytes;
  if (bytes === null) return FREE_LANE;
  if (bytes === undefined) {
    throw new UsageError("processEach: order 'key' needs records, give a function of the element as order");
  }
  let hash = 0x811c9dc5;
  for (let index = 0; index < bytes.length; index += 1) hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  return hash >>> 1;
}
