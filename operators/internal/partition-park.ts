import { Observable, take, throwError } from 'rxjs';
import type { PartitionStream } from '../../src/model/consumer.js';
import { type PartitionPort, partitionPort } from '../../src/model/parking.js';
import { blamedOffset } from './blame.js';

/**
 * Says that a whole partition is parked because its pipeline failed: emits once when it is to be subscribed again, completes
 * when the partition has gone away, fails where nobody can be told.
 *
 * Whose fault the error is, is known where one of our operators failed, where the error names the record, and where it was
 * thrown while the record was handed over. Otherwise `skip` is `retry`: skipping a record that nobody knows to be the bad one
 * would lose a good one.
 */
export function parkedPartition(partition: PartitionStream<never, never>, error: unknown): Observable<void> {
  const port = (partition as { readonly [partitionPort]?: PartitionPort })[partitionPort];
  if (port?.owner.park === undefined) return throwError(() => error as Error);
  // asked now: the stack of the failing `next` is still there
  const failed = blamedOffset(error, partition) ?? (port.delivering >= 0 ? port.delivering : null);
  return new Observable<void>((subscriber) => {
    let decided = false;
    const again = (before: () => void) => (): void => {
      if (decided || subscriber.closed) return;
      decided = true;
      subscriber.add(
        port.owner.runtime.scheduler.schedule(() => {
          before();
          subscriber.next();
          subscriber.complete();
        }),
      );
    };
    const unpark = port.owner.park!({
      offset: failed ?? port.unsettled,
      error,
      retry: again(() => undefined),
      skip: again(() => {
        if (failed !== null) port.skip(failed);
      }),
    });
    if (unpark === null) {
      subscriber.complete();
      return;
    }
    subscriber.add(unpark);
    subscriber.add(
      partition.ended$.pipe(take(1)).subscribe({
        next: () => {
          subscriber.complete();
        },
        error: (own: unknown) => {
          subscriber.error(own);
        },
      }),
    );
  });
}
