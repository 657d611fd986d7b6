import { type ClusterState } from '../cluster-state.js';
import { code } from '../codes.js';
import { type Partition } from '../topic.js';

interface LeaderHint {
  leaderId: number;
  leaderEpoch: number;
}

const hinting: ReadonlySet<number> = new Set([code('NOT_LEADER_OR_FOLLOWER'), code('FENCED_LEADER_EPOCH')]);

/** Who leads now, told with the errors that a moved leader causes (KIP-951). @internal */
export function leaderHints(partition: Partition | null, errorCode: number): LeaderHint {
  if (partition === null || !hinting.has(errorCode)) return { leaderId: -1, leaderEpoch: -1 };
  return { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch };
}

/** Addresses of the leaders that hints name. @internal */
export function nodeEndpoints(
  cluster: ClusterState,
  answers: readonly { readonly currentLeader: LeaderHint }[],
): { nodeId: number; host: string; port: number; rack: string | null }[] {
  const ids = new Set(answers.map(({ currentLeader }) => currentLeader.leaderId).filter((id) => id >= 0));
  return [...ids].flatMap((nodeId) => {
    const broker = cluster.brokers.get(nodeId);
    return broker === undefined ? [] : [{ nodeId, host: broker.host, port: broker.port, rack: broker.rack }];
  });
}
