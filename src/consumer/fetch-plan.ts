import { type FrameBudget } from './frame-budget.js';
import { type ConsumerFlowOptions } from './flow-options.js';
import { type PartitionCursor } from './partition-cursor.js';

/** Bytes below which the budget counts as used up: smaller fetches cost more than they bring. */
const leastFetchBytes = 64 * 1024;
/** Long poll of a broker with a partition that will be wanted in a moment. */
const shortWaitMs = 20;

/** What the next fetch from a broker asks for. */
export interface FetchPlan {
  readonly cursors: readonly PartitionCursor[];
  /** Per partition at most. */
  readonly partitionBytes: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  /** Milliseconds until a partition's back-off ends, null when none is backing off. */
  readonly nextTryMs: number | null;
}

/**
 * Chooses partitions and sizes. A fetch gets an equal share of the budget per broker, as far as that is free. When nothing is
 * free, only partitions with nothing buffered and a receiver that waits are asked for, and for little: those who do not
 * settle keep the budget, but not the others' flow.
 */
export function planFetch(
  cursors: Iterable<PartitionCursor>,
  options: ConsumerFlowOptions,
  budget: FrameBudget,
  brokers: number,
  now: number,
): FetchPlan {
  const wanted: PartitionCursor[] = [];
  let leftOut = false;
  let nextTryMs: number | null = null;
  for (const cursor of cursors) {
    if (!cursor.fetchable) {
      leftOut ||= cursor.leftOutForNow(now);
      continue;
    }
    const wait = cursor.fetch.retryAt - now;
    if (wait > 0) {
      leftOut = true;
      nextTryMs = Math.min(nextTryMs ?? wait, wait);
    } else wanted.push(cursor);
  }
  const least = Math.min(leastFetchBytes, budget.limit / 4);
  const room = Math.min(budget.available, Math.max(budget.limit / brokers, least));
  if (room >= least) {
    let needed = 0;
    for (const cursor of wanted) needed += cursor.fetch.maxBytes;
    const maxBytes = Math.floor(Math.min(options.fetchMaxBytes, room, needed));
    return { cursors: wanted, partitionBytes: Infinity, maxBytes, maxWaitMs: waitMs(options, leftOut), nextTryMs };
  }
  const starving = wanted.filter((cursor) => cursor.starving);
  const maxBytes = Math.floor(Math.min(options.fetchMaxBytes, leastFetchBytes * starving.length));
  return {
    cursors: starving,
    partitionBytes: leastFetchBytes,
    maxBytes,
    maxWaitMs: waitMs(options, leftOut || starving.length < wanted.length),
    nextTryMs,
  };
}

function waitMs({ fetchMaxWaitMs }: ConsumerFlowOptions, leftOut: boolean): number {
  return leftOut ? Math.min(shortWaitMs, fetchMaxWaitMs) : fetchMaxWaitMs;
}
