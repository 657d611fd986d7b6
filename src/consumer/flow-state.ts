import { type FlowState } from '../model/consumer.js';
import { type ConsumerSession } from './consumer-session.js';
import { type HeldPartition } from './held-partition.js';

/**
 * Why a partition is not moving. In `paused`: user, the names of `LeaseOwner.hold`, window (as much delivered and unsettled
 * as allowed), released (goes back once the others have settled), bytes (nothing buffered and `bufferBytes` used up),
 * unsubscribed (nobody reads its stream), resolving (no position yet), draining; unassigned or expired when it is not held.
 */
export function flowStateOf(held: HeldPartition | undefined, session: ConsumerSession | null, now: number): FlowState {
  if (held === undefined || session === null) {
    const paused = session?.expired === true ? ['expired'] : ['unassigned'];
    return { paused, oldestLeaseAgeMs: null, openLeases: 0, oldestOffset: null, broker: null };
  }
  const { cursor } = held;
  const oldest = cursor.oldestLease;
  return {
    paused: [...cursor.pauseReasons, ...ownReasons(held, session)],
    oldestLeaseAgeMs: oldest === null ? null : now - oldest.deliveredAt,
    openLeases: cursor.openLeases,
    oldestOffset: oldest?.offset ?? null,
    broker: cursor.leader < 0 ? null : cursor.leader,
  };
}

function ownReasons({ state, cursor }: HeldPartition, session: ConsumerSession): string[] {
  const reasons: string[] = [];
  if (state !== 'active') reasons.push(state);
  else if (!cursor.subscribed) reasons.push('unsubscribed');
  if (cursor.windowFull) reasons.push('window');
  if (cursor.releasedLeases > 0) reasons.push('released');
  if (session.bufferFull && cursor.bufferedBytes === 0) reasons.push('bytes');
  return reasons;
}
