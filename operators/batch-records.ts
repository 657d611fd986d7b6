import { Observable, type OperatorFunction } from 'rxjs';
import type { LeasedBatch } from '../src/model/consumer-record.js';
import type { Leased } from '../src/model/lease.js';
import { BatchRun, type BatchSettings } from './internal/batch-run.js';
import { link } from './internal/link.js';
import { checkNames, countOption, msOption, wordOption } from './internal/options.js';

/** Options of {@link batchRecords}. @public */
export interface BatchRecordsOptions {
  /** Most elements in a batch. @defaultValue 500 */
  readonly maxRecords?: number | undefined;
  /** Longest time that the first element of a batch waits for others, milliseconds. @defaultValue 100 */
  readonly maxMs?: number | undefined;
  /** Batches of one partition each, or of everything that passes. @defaultValue 'partition' */
  readonly per?: 'partition' | 'stream' | undefined;
}

/**
 * Gathers elements into batches with one lease. A batch leaves when it has `maxRecords`, when its first element has waited
 * `maxMs`, when the window of its partition is used up, when its partition is revoked or drained, and when the source
 * completes. So it cannot deadlock against the window, as `bufferCount` does when it needs more than that.
 *
 * The lease of a batch settles all its elements that were not settled one by one. Elements are in order of arrival. The
 * leases are taken; when downstream unsubscribes, or the stream fails, what was gathered is released. Elements whose partition
 * was lost while they waited are left out.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders.records$.pipe(
 *   batchRecords({ maxRecords: 500, maxMs: 100 }),
 *   processEach(batch => insertAll(batch.items.map(order => order.value))),
 *   commitOffsets(),
 * )
 * ```
 * @see Consumer.batches$, which hands over what was fetched without gathering it
 * @public
 */
export function batchRecords<S>(options?: BatchRecordsOptions): OperatorFunction<S & Leased, LeasedBatch<S>> {
  const settings = resolve(options);
  return (source) =>
    new Observable((downstream) => {
      const run = new BatchRun<S>(settings, downstream);
      downstream.add(() => {
        run.close();
      });
      link(source, downstream, run);
    });
}

function resolve(options: BatchRecordsOptions = {}): BatchSettings {
  const where = 'batchRecords';
  checkNames(where, options, ['maxRecords', 'maxMs', 'per']);
  return {
    maxRecords: countOption(where, 'maxRecords', options.maxRecords, 500, 1),
    maxMs: msOption(where, 'maxMs', options.maxMs, 100),
    perPartition: wordOption(where, 'per', options.per, 'partition', ['partition', 'stream']) === 'partition',
  };
}
