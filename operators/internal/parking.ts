import { Subscription } from 'rxjs';
import type { Lease } from '../../src/model/lease.js';
import { firstRecordOf, runtimeOf } from './leases.js';

/** What becomes of a parked element; one of the three is called, once, unless the parking was unsubscribed before. */
export interface ParkedOutcome {
  readonly retry: () => void;
  readonly skip: () => void;
  /** Its partition goes away, or the record was sought past: whoever owns it next gets it again. */
  readonly abandoned: () => void;
}

/**
 * Sets an element aside with its lease open: nothing of its partition is committed beyond it. `retry` and `skip` of the event
 * are acted on from a hop, so that a listener may call them inside the event. `holds` stops delivery of the partition too.
 *
 * Race: a revocation or drain must not wait for what is parked, and a record that is lost or sought past is nobody's to
 * decide about. The first is told by `onPressure`, the second by the lease's signal; whichever of these and the two calls
 * comes first ends the parking, and the others find it closed. An element that fails while its partition is already being
 * given up is not parked at all.
 *
 * Null where the element cannot be parked, because its partition knows nothing of parking (a bridge).
 */
export function park(
  item: unknown,
  lease: Lease,
  error: unknown,
  holds: boolean,
  outcome: ParkedOutcome,
): Subscription | null {
  const owners = lease.partitions;
  if (owners.length === 0 || owners.some((owner) => owner.park === undefined)) return null;
  const parking = new Subscription();
  const { scheduler } = runtimeOf(lease);
  let decided = false;
  const way = (act: () => void) => (): void => {
    if (decided || parking.closed) return;
    decided = true;
    parking.add(
      scheduler.schedule(() => {
        parking.unsubscribe();
        act();
      }),
    );
  };
  const abandon = (): void => {
    if (parking.closed) return;
    parking.unsubscribe();
    outcome.abandoned();
  };
  const record = firstRecordOf(item);
  const { signal } = lease;
  signal.addEventListener('abort', abandon);
  parking.add(() => {
    signal.removeEventListener('abort', abandon);
  });
  const notice = { offset: record.offset, error, retry: way(outcome.retry), skip: way(outcome.skip) };
  const told = owners.find(({ topic, partition }) => topic === record.topic && partition === record.partition);
  for (const owner of owners) {
    const unpark = owner.park!(owner === (told ?? owners[0]) ? notice : null);
    if (unpark === null) {
      abandon();
      return parking;
    }
    parking.add(unpark);
    parking.add(
      owner.onPressure((why) => {
        if (why !== 'windowFull') abandon();
      }),
    );
    if (holds) parking.add(owner.hold('parked'));
  }
  return parking;
}
