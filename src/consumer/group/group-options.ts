import { type Assignor } from '../../model/assignor.js';

/** What a classic member is told; times in milliseconds. */
export interface GroupOptions {
  readonly groupId: string;
  /** Static member (KIP-345) when not null. */
  readonly groupInstanceId: string | null;
  /** In order of preference; the group uses one that all its members have. */
  readonly assignors: readonly Assignor[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Sent with the subscription (KIP-881); empty for none. */
  readonly clientRack: string;
}

/** Time a drain may take from the notification on: the join after it has to be in before the group moves on without us. */
export function drainMs(
  options: Pick<GroupOptions, 'drainTimeoutMs' | 'rebalanceTimeoutMs' | 'heartbeatIntervalMs'>,
): number {
  return Math.min(options.drainTimeoutMs, options.rebalanceTimeoutMs - options.heartbeatIntervalMs - 2000);
}
