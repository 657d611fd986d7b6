import type { Observable } from 'rxjs';
import type { OffsetList } from '../model/topic-partition.js';

/** What a helper of the kit has made: a stream of records or partitions, or a consumer. @public */
export type ScriptedSource = Observable<unknown> | { readonly records$: Observable<unknown> };

/** When leases were settled, by the letter of their record, one line of marbles per kind. @public */
export interface ExpectedSettlements {
  /** Done. */
  readonly acked?: string;
  /** Not done, to come again. */
  readonly released?: string;
  /** No longer ours: lost, sought past, or still open at the end of a drain. */
  readonly fenced?: string;
}

/**
 * How a transaction ended, with the values that were written in it, in order. Offsets are compared as soon as one expected
 * transaction has some. @public
 */
export type ExpectedTransaction<V> = (
  | { readonly committed: readonly V[]; readonly aborted?: never }
  | { readonly aborted: readonly V[]; readonly committed?: never }
) & { readonly offsets?: OffsetList };
