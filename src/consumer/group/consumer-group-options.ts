import { InvalidOptionError } from '../../errors/usage-error.js';

/** What a member of a KIP-848 group is told; times in milliseconds. Session and heartbeat interval are the broker's. */
export interface ConsumerGroupOptions {
  readonly groupId: string;
  /** Static member (KIP-345) when not null. */
  readonly groupInstanceId: string | null;
  /** The client's own id, the same for the life of the consumer. */
  readonly memberId: string;
  /** Name of an assignor of the broker; null for the group's default. */
  readonly serverAssignor: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** For assignors that look at racks; empty for none. */
  readonly clientRack: string;
}

/** How long a static member waits for a predecessor that died without leaving: its session has to end first (45 s by default). */
export const unreleasedLimitMs = 60_000;

/** Longest drain: the heartbeat that tells its end has to be in before the broker fences the member. */
export function longestDrainMs({ rebalanceTimeoutMs }: ConsumerGroupOptions, intervalMs: number): number {
  return Math.max(0, rebalanceTimeoutMs - intervalMs - 2000);
}

/** Null when the drain timeout fits the interval that the broker gave. */
export function drainRefusal(options: ConsumerGroupOptions, intervalMs: number): InvalidOptionError | null {
  const longest = longestDrainMs(options, intervalMs);
  const { drainTimeoutMs } = options;
  if (drainTimeoutMs <= longest) return null;
  return new InvalidOptionError(
    'drainTimeoutMs',
    drainTimeoutMs,
    `Option drainTimeoutMs must be at most rebalanceTimeoutMs - ${intervalMs} (the broker's heartbeat interval) - 2000 = ${longest}, got ${drainTimeoutMs}, or the group gives the partitions away during the drain`,
  );
}

/**
 * How long a member trusts its membership without an answer. The protocol does not tell the session timeout; this is at least
 * the broker's default for it, so it never ends a membership that the coordinator still counts as alive by default.
 */
export function silenceLimitMs(intervalMs: number): number {
  return Math.max(45_000, 9 * intervalMs);
}

/** A dead link has to be noticed while the session still stands; a slow coordinator is no dead link. */
export function heartbeatTimeoutMs({ requestTimeoutMs }: ConsumerGroupOptions, intervalMs: number | null): number {
  return Math.min(requestTimeoutMs, Math.max(3000, 3 * (intervalMs ?? 5000)));
}
