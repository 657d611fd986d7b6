import { Observable, type ObservableInput, type OperatorFunction } from 'rxjs';
import type { Leased } from '../src/model/lease.js';
import {
  type SlottedProducer,
  type Transaction,
  type TransactionalProducer,
  transactionSlots,
} from '../src/model/transaction.js';
import type { FailurePolicy } from './failure-policy.js';
import { link } from './internal/link.js';
import { checkFunction, checkNames, countOption, invalid, msOption } from './internal/options.js';
import { TransactionRun, type TransactionSettings } from './internal/transaction-run.js';
import type { TransactionBytes } from './internal/transaction-bytes.js';
import type { Narrowing } from './internal/window-suspects.js';

/** Options of {@link transaction}. @public */
export interface TransactionOptions {
  /** Most records of a window. @defaultValue 500 */
  readonly maxRecords?: number | undefined;
  /** Longest time that the first record of a window waits for others, milliseconds; at most half of `transactionTimeoutMs`. @defaultValue 100 */
  readonly maxMs?: number | undefined;
  /**
   * What to do when the work of a window fails: its project function's stream fails, is not done in time, or a record of it cannot
   * be written. The transaction is aborted in any case. `retry` delivers the records again, after a pause that grows, and says
   * so by a process warning from the third time on. `fail` ends the stream with the error.
   *
   * With `attempts`, the window is tried that often, then cut into halves until the element that fails is found; alone it is tried
   * as often again, then it goes to the policy. `then: tx => deadLetter(tx.bytes, topic)` writes it in the transaction that
   * commits its offset. A policy that was made with a sink outside of the transaction may write twice.
   *
   * Trouble outside of the window (rebalance, partition lost, timed out at the broker) never comes here: the window is aborted and
   * its records come again, here or at their next owner.
   * @defaultValue 'retry'
   */
  readonly onAbort?:
    | 'retry'
    | 'fail'
    | {
        readonly attempts: number;
        readonly then: FailurePolicy<Leased> | ((tx: TransactionBytes) => FailurePolicy<Leased>);
      }
    | undefined;
}

/** What comes out of a transaction: it has no lease any more, its offsets are committed. @public */
export type Settled<R> = R extends Leased ? { readonly [P in Exclude<keyof R, 'lease'>]: R[P] } : R;

/**
 * Runs windows of records through Kafka transactions: what the project function writes to `tx` and the offsets of the window's
 * records become visible together, or not at all. What its stream emits is passed on after the commit.
 *
 * A window begins with its first record, and closes at `maxRecords`, after `maxMs`, when the window of unsettled records of a
 * partition is used up, when a partition is revoked or drained, and when the source completes. Then `window$` completes, and
 * when the stream of the project function has completed, the transaction is committed with the offsets of all partitions in it.
 * They are those of the window, whatever becomes of its elements: filtering is safe, `ack` only marks, `release` aborts.
 * A stream that completes early closes the window; what it did not take is in the next one. A stream that has not completed after
 * 80 % of `transactionTimeoutMs` aborts it.
 *
 * A partition is in one window at a time, and each open window takes a slot of the producer. Without a free one, records wait, as
 * `why(tp)` says; a second operator that finds none fails with a UsageError. Abort and loss of a partition concern the
 * partitions in that window only. When the producer is fenced, the stream fails.
 *
 * Cold: a subscription initialises the ids of the producer. Unsubscribing aborts, unless the commit is under way.
 *
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders.records$.pipe(
 *   transaction(transactional, (window$, tx) => window$.pipe(
 *     mapValue(order => toInvoice(order.value)),
 *     produce(tx, invoice => ({ topic: 'invoices', value: invoice.value })),
 *   ), { maxRecords: 500, maxMs: 100 }),
 * ).subscribe();
 * ```
 * @see KIP-98, KIP-447
 * @public
 */
export function transaction<S, K, V, R>(
  producer: TransactionalProducer<K, V>,
  project: (window$: Observable<S>, tx: Transaction<K, V>) => ObservableInput<R>,
  options?: TransactionOptions,
): OperatorFunction<S & Leased, Settled<R>> {
  const slots = (producer as Partial<SlottedProducer<K, V>> | null | undefined)?.[transactionSlots];
  if (slots === undefined)
    throw invalid(where, 'producer', producer, 'it must come from kafka.transactionalProducer(...)');
  checkFunction(where, 'project', project);
  const settings = resolve(options, slots.transactionTimeoutMs);
  return (source) =>
    new Observable<Settled<R>>((downstream) => {
      const run = new TransactionRun<S, K, V, Settled<R>>(slots, project as never, settings, downstream);
      downstream.add(() => {
        run.close();
      });
      run.open();
      link(source, downstream, run);
    });
}

const where = 'transaction';

function resolve(options: TransactionOptions = {}, timeoutMs: number): TransactionSettings {
  checkNames(where, options, ['maxRecords', 'maxMs', 'onAbort']);
  const maxMs = msOption(where, 'maxMs', options.maxMs, Math.min(100, timeoutMs / 2));
  if (maxMs > timeoutMs / 2)
    throw invalid(where, 'maxMs', maxMs, `it must be at most half of transactionTimeoutMs, ${timeoutMs / 2}`);
  return {
    maxRecords: countOption(where, 'maxRecords', options.maxRecords, 500, 1),
    maxMs,
    onAbort: resolveOnAbort(options.onAbort),
  };
}

function resolveOnAbort(onAbort: TransactionOptions['onAbort']): 'retry' | 'fail' | Narrowing {
  if (onAbort === undefined) return 'retry';
  if (onAbort === 'retry' || onAbort === 'fail') return onAbort;
  const given = onAbort as Partial<typeof onAbort> | null;
  const then = given?.then;
  if (typeof given !== 'object' || given === null || (typeof then !== 'function' && typeof then?.handle !== 'function'))
    throw invalid(where, 'onAbort', onAbort, "it must be 'retry', 'fail' or { attempts, then: tx => policy }");
  checkNames(where, onAbort, ['attempts', 'then']);
  return {
    attempts: countOption(where, 'onAbort.attempts', given.attempts, 1, 1),
    policy: typeof then === 'function' ? then : () => then,
  };
}
