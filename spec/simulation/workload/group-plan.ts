import { type Chance } from '../chance.js';

/** How the members of a group work; drawn once, the same for all of them. */
export interface GroupPlan {
  readonly id: string;
  readonly topics: readonly string[];
  readonly protocol: 'eager' | 'cooperative' | 'consumer';
  readonly isStatic: boolean;
  readonly mostMembers: number;
  readonly source: 'records' | 'batches' | 'partitions';
  readonly isolationLevel: 'read_committed' | 'read_uncommitted';
  readonly windowRecords: number;
  readonly commit:
    { readonly everyMs: number } | { readonly everyRecords: number; readonly everyMs: number } | 'byHand';
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxPollRecords: number;
  /** Of a hundred records: settled later than they are delivered, much later, given back. */
  readonly latePercent: number;
  readonly slowPercent: number;
  readonly releasePercent: number;
  readonly lateMs: number;
  /** Of a hundred turns of the user: pauses, goes back. */
  readonly seeks: boolean;
}

export function drawGroup(chance: Chance, id: string, topics: readonly string[], heartbeatMs: number): GroupPlan {
  const protocol = chance.pick(['eager', 'cooperative', 'cooperative', 'consumer', 'consumer'] as const);
  const heartbeatIntervalMs = protocol === 'consumer' ? heartbeatMs : chance.pick([500, 1000, 2000]);
  const rebalanceTimeoutMs = chance.pick([6000, 10_000, 15_000]);
  return {
    id,
    topics,
    protocol,
    isStatic: chance.happens(25),
    mostMembers: chance.between(1, 4),
    source: chance.pick(['records', 'records', 'batches', 'partitions'] as const),
    isolationLevel: chance.pick(['read_committed', 'read_uncommitted'] as const),
    windowRecords: chance.pick([1, 3, 10, 10, 50]),
    commit: chance.pick([
      { everyMs: 100 },
      { everyMs: 500 },
      { everyMs: 2000 },
      { everyRecords: 5, everyMs: 3000 },
      'byHand',
    ] as const),
    sessionTimeoutMs: chance.pick([6000, 8000]),
    heartbeatIntervalMs,
    rebalanceTimeoutMs,
    drainTimeoutMs: Math.min(rebalanceTimeoutMs / 2, rebalanceTimeoutMs - heartbeatIntervalMs - 2001),
    requestTimeoutMs: chance.pick([2000, 5000]),
    maxPollRecords: chance.pick([2, 10, 500]),
    latePercent: chance.pick([0, 30, 90]),
    slowPercent: chance.pick([0, 0, 2]),
    releasePercent: chance.pick([0, 2, 5]),
    lateMs: chance.pick([20, 200, 800]),
    seeks: chance.happens(30),
  };
}
