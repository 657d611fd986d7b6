import type { OnFailure } from '../failure-policy.js';
import type { Backoff } from './backoff.js';
import type { LaneOf } from './lanes.js';

/** Options of `processEach` with every default filled in. */
export interface ProcessSettings<S> {
  readonly concurrency: number;
  readonly laneOf: LaneOf<S>;
  /** Lanes are partitions: results are in order without a list. */
  readonly laneIsPartition: boolean;
  readonly retry: (Backoff & { readonly when: (error: unknown) => boolean }) | null;
  readonly onFailure: OnFailure<S>;
  readonly timeoutMs: number;
  readonly inOrder: boolean;
}
