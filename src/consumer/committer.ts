import { type CommitReceipt } from '../model/commit.js';
import { type ConsumerEvent } from '../model/consumer.js';
import { type Cancel, type Done } from '../model/done.js';
import { type OffsetList } from '../model/topic-partition.js';
import { type GroupPort } from './group/group-port.js';

/** Something with a value to commit: a partition under one assignment epoch. */
export interface Committable {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  /** Offset of the next record to read after a restart; null while there is none. */
  readonly commitValue: { readonly offset: number; readonly leaderEpoch: number } | null;
}

/** How often values are committed without being asked; both null: never. */
export interface CommitCadence {
  readonly everyMs: number | null;
  readonly everyRecords: number | null;
}

export interface CommitterOptions extends CommitCadence {
  /** A commit that somebody waits for is answered within this time. */
  readonly requestTimeoutMs: number;
}

/** Writes the commit values of a consumer's partitions to its group. */
export class Committer {
  constructor(
    _group: GroupPort,
    _options: CommitterOptions,
    _events: (event: Extract<ConsumerEvent, { type: 'commitFailed' }>) => void,
  ) {
    // skeleton
  }
  /** `committed` is the offset the group has for it, null if none. */
  add(_c: Committable, _committed: number | null): void {
    throw new Error('not yet');
  }
  remove(_c: Committable): void {
    throw new Error('not yet');
  }
  /** Replaces the cadence for one partition until the returned function is called. */
  cadence(_c: Committable, _cadence: CommitCadence): Cancel {
    throw new Error('not yet');
  }
  commitNow(_which: readonly Committable[] | null, _done: Done<CommitReceipt>): Cancel {
    throw new Error('not yet');
  }
  commitExplicit(_offsets: OffsetList, _done: Done<CommitReceipt>): Cancel {
    throw new Error('not yet');
  }
  settled(_c: Committable): void {
    throw new Error('not yet');
  }
  onReceipt(_listener: (receipt: CommitReceipt) => void): Cancel {
    throw new Error('not yet');
  }
  close(): void {
    throw new Error('not yet');
  }
}
