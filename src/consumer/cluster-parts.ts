import { type Cluster } from '../cluster/cluster.js';
import { type ConsumerCoreOptions } from './consumer-ports.js';
import { Fetcher } from './fetcher.js';
import { openMembership } from './open-membership.js';
import { openStartPositions } from './open-start-positions.js';
import { type SessionParts } from './session-parts.js';

/** The parts of a session that talk to brokers. */
export function clusterParts(cluster: Cluster, options: ConsumerCoreOptions): SessionParts {
  return {
    flow: (listener) => new Fetcher(cluster, options, listener),
    membership: (selection, host, memberId) => openMembership(cluster, options, selection, host, memberId),
    starts: (storedOffsets, committed) => openStartPositions(cluster, { ...options, storedOffsets }, committed),
    watch: cluster.runtime,
  };
}
