import { type Chance } from '../chance.js';

/** How the members of a group work; drawn once, the same for all of them. */
export interface GroupPlan {
  readonly id: string;
  readonly topics: readonly string[];
  readonly protocol: 'eager' | 'cooperative' | 'consumer';
  readonly isStatic: boolean;
  readonly mostMembers: number;
  /** Members live together in one process, over one Kafka object. */
  readonly together: boolean;
  /** `work`: processed, produced and committed by operators; `transaction`: the same in transactions. */
  readonly source: 'records' | 'batches' | 'partitions' | 'work' | 'transaction';
  readonly isolationLevel: 'read_committed' | 'read_uncommitted';
  readonly windowRecords: number;
  readonly bufferBytes: number;
  readonly commit:
    { readonly everyMs: number } | { readonly everyRecords: number; readonly everyMs: number } | 'byHand';
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxPollRecords: number;
  /** Most bytes of a partition in a fetch answer; small ones end in the middle of transactions. */
  readonly fetchBytes: number;
  /** Of a hundred records: settled later than they are delivered, much later, given back. */
  readonly latePercent: number;
  readonly slowPercent: number;
  readonly releasePercent: number;
  readonly lateMs: number;
  /** Of a hundred turns of the user: pauses, goes back. */
  readonly seeks: boolean;
  /** Where `work` and `transaction` write to, and how; null for the others. */
  readonly pipe: PipePlan | null;
}

/** A pipe from topic to topic. */
export interface PipePlan {
  readonly output: string;
  readonly maxRecords: number;
  readonly maxMs: number;
  readonly transactionTimeoutMs: number;
  readonly slots: number;
  readonly order: 'partition' | 'key' | 'none';
  /** Milliseconds of work for a record, at most; 0: it is not processed before it is written. */
  readonly workMs: number;
  /** Of a hundred windows, or records: their work fails. */
  readonly failPercent: number;
  readonly deliveryTimeoutMs: number;
  /** Process several transactions in one: some records give two results, some none. */
  readonly fans: boolean;
}

/** @param output - topic that the group writes to, null when it only reads */
export function drawGroup(
  chance: Chance,
  id: string,
  topics: readonly string[],
  output: string | null,
  heartbeatMs: number,
): GroupPlan {
  const protocol = chance.pick(['eager', 'cooperative', 'cooperative', 'consumer', 'consumer'] as const);
  const heartbeatIntervalMs = protocol === 'consumer' ? heartbeatMs : chance.pick([500, 1000, 2000]);
  const rebalanceTimeoutMs = chance.pick([6000, 10_000, 15_000]);
  const requestTimeoutMs = chance.pick([2000, 5000]);
  return {
    id,
    topics,
    protocol,
    isStatic: chance.happens(25),
    mostMembers: chance.between(1, 4),
    together: output === null && chance.happens(20),
    source:
      output === null
        ? chance.pick(['records', 'records', 'batches', 'partitions'] as const)
        : chance.pick(['transaction', 'transaction', 'work'] as const),
    isolationLevel: chance.pick(['read_committed', 'read_uncommitted'] as const),
    windowRecords: chance.pick([1, 3, 10, 10, 50]),
    bufferBytes: chance.pick([1000, 5000, 33_554_432, 33_554_432]),
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
    requestTimeoutMs,
    maxPollRecords: chance.pick([2, 10, 500]),
    // pipes of small windows are slow enough
    fetchBytes: output === null ? chance.fork('fetch').pick([1, 300, 1_048_576, 1_048_576]) : 1_048_576,
    latePercent: chance.pick([0, 30, 90]),
    slowPercent: chance.pick([0, 0, 2]),
    releasePercent: chance.pick([0, 2, 5]),
    lateMs: chance.pick([20, 200, 800]),
    seeks: chance.happens(30),
    pipe: output === null ? null : drawPipe(chance, output, requestTimeoutMs),
  };
}

function drawPipe(chance: Chance, output: string, requestTimeoutMs: number): PipePlan {
  return {
    output,
    maxRecords: chance.pick([1, 5, 20, 500]),
    maxMs: chance.pick([0, 20, 100, 500]),
    transactionTimeoutMs: chance.pick([3000, 6000, 10_000]),
    slots: chance.pick([1, 1, 2]),
    order: chance.pick(['partition', 'key', 'none'] as const),
    workMs: chance.pick([0, 0, 30, 200]),
    failPercent: chance.pick([0, 0, 5]),
    deliveryTimeoutMs: requestTimeoutMs + chance.pick([1000, 10_000]),
    fans: chance.happens(50),
  };
}
