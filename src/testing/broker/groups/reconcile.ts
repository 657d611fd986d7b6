import { type ConsumerMember, type PartitionKey } from './consumer-member.js';

/**
 * One step of a member towards its target (KIP-848, "Member reconciliation"): first it gives up what is no longer its own,
 * at its old epoch; then it moves to the target epoch and gets what nobody else has. Each step, also one within an epoch, puts an
 * end to the epoch before. @internal
 * @param owned - what the heartbeat says the member has, null when it says nothing
 * @param isFree - nobody else has the partition, or is giving it up
 */
export function reconcile(
  member: ConsumerMember,
  target: ReadonlySet<PartitionKey>,
  targetEpoch: number,
  owned: ReadonlySet<PartitionKey> | null,
  isFree: (key: PartitionKey) => boolean,
): void {
  if (member.state === 'stable' && member.epoch === targetEpoch) return;
  if (member.state === 'unrevoked' && owns(owned, member.revoking)) return;
  const kept = new Set<PartitionKey>();
  const revoking = new Set<PartitionKey>();
  for (const key of member.assigned) (target.has(key) ? kept : revoking).add(key);
  if (revoking.size > 0 && owns(owned, revoking)) {
    member.state = 'unrevoked';
    member.previousEpoch = member.epoch;
    member.assigned = kept;
    member.revoking = revoking;
    return;
  }
  let unreleased = false;
  for (const key of target) {
    if (kept.has(key)) continue;
    // what it gives up in this very step counts as its own
    if (member.revoking.has(key) || revoking.has(key) || isFree(key)) kept.add(key);
    else unreleased = true;
  }
  member.state = unreleased ? 'unreleased' : 'stable';
  member.previousEpoch = member.epoch;
  member.epoch = targetEpoch;
  member.assigned = kept;
  member.revoking = new Set<PartitionKey>();
}

function owns(owned: ReadonlySet<PartitionKey> | null, keys: ReadonlySet<PartitionKey>): boolean {
  if (owned === null) return true;
  for (const key of keys) if (owned.has(key)) return true;
  return false;
}
