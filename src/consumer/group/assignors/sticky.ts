import { type Assignor } from '../../../model/assignor.js';
import { StickyBalance } from './sticky-balance.js';
import { decodeClaim, encodeClaim, type Claim } from './sticky-user-data.js';

/**
 * Balanced, and as close to the previous assignment as that allows, with the eager protocol: everything stops during a rebalance,
 * most partitions come back to where they were. Prefer `cooperativeSticky` unless the group has members that lack it.
 *
 * @see KIP-54; Kafka: `org.apache.kafka.clients.consumer.StickyAssignor`
 * @public
 */
export const sticky: Assignor = Object.freeze({
  name: 'sticky',
  protocol: 'eager',
  // eager members own nothing when they join: what they had travels here
  userData(owned, generation) {
    return owned.length === 0 ? null : encodeClaim({ owned, generation });
  },
  assign(members, partitionsByTopic) {
    const claims = new Map<string, Claim>();
    for (const { memberId, userData } of members) {
      const claim = userData === null ? null : decodeClaim(userData);
      if (claim !== null) claims.set(memberId, claim);
    }
    return new StickyBalance(members, claims, partitionsByTopic).run();
  },
} satisfies Assignor);
