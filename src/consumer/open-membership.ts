import { type Cluster } from '../cluster/cluster.js';
import { UsageError } from '../errors/usage-error.js';
import { type GroupMetadata } from '../model/commit.js';
import { hop } from '../runtime/timer.js';
import { randomUuid } from '../bytes/uuid.js';
import { CommittedOffsets } from './committed-offsets.js';
import { Committer } from './committer.js';
import { type ConsumerCoreOptions } from './consumer-ports.js';
import { ManualGroup } from './group/manual-group.js';
import { ManualPartitions } from './group/manual-partitions.js';
import { type MembershipHost } from './group/membership-host.js';
import { type OffsetSource } from './offset-source.js';
import { openGroupMember } from './open-group-member.js';
import { WholeTopics } from './group/whole-topics.js';
import { type Selection, type TopicsOrPattern } from './selection.js';

/** Where a consumer's partitions come from, whatever kind it is. The host is never called in the stack of these calls. */
export interface OpenMembership {
  start(): void;
  /** Another selection of the same kind takes the place of the one before; until `stopRebalancing`. */
  select(selection: Selection): void;
  identity(): GroupMetadata;
  /** A shutdown begins: nothing is assigned or revoked any more and nothing is joined; heartbeats and commits go on. */
  stopRebalancing(): void;
  /** After the drain. A static member stays in the group unless `leaveGroup` says otherwise; `done` is always called. */
  leave(options: { readonly leaveGroup: boolean | undefined }, done: () => void): void;
  /**
   * No progress for maxPollIntervalMs: others of the group shall have the partitions. A dynamic member loses all and leaves, a
   * static one falls silent. Means nothing without a group.
   */
  expire(): void;
  /** Ends what `expire` began: joins again. */
  progress(): void;
  close(): void;
  /** Null without a group. */
  readonly committer: Committer | null;
  readonly committed: OffsetSource | null;
}

/**
 * Opens nothing yet; `start` does.
 * @param memberId - of a KIP-848 group
 */
export function openMembership(
  cluster: Cluster,
  options: ConsumerCoreOptions,
  selection: Selection,
  host: MembershipHost,
  memberId: () => string = () => randomUuid(() => cluster.runtime.random()),
): OpenMembership {
  if (selection.kind === 'partitions') return manual(cluster, options, selection.partitions, host);
  const { groupId } = options;
  if (groupId !== null) return openGroupMember(cluster, { ...options, groupId, memberId }, selection, host);
  if (selection.kind === 'serverPattern') throw new UsageError('serverPattern needs a groupId, or use pattern');
  return wholeTopics(cluster, options, selection, host);
}

function wholeTopics(
  cluster: Cluster,
  options: ConsumerCoreOptions,
  selection: TopicsOrPattern,
  host: MembershipHost,
): OpenMembership {
  const whole = new WholeTopics(cluster, selection, options, host);
  return {
    ...withoutGroup(cluster),
    start: () => {
      whole.start();
    },
    select: (next) => {
      if (next.kind === 'topics' || next.kind === 'pattern') whole.select(next);
    },
    stopRebalancing: () => {
      whole.stop();
    },
    close: () => {
      whole.close();
    },
    committer: null,
    committed: null,
  };
}

function manual(
  cluster: Cluster,
  options: ConsumerCoreOptions,
  partitions: ConstructorParameters<typeof ManualPartitions>[1],
  host: MembershipHost,
): OpenMembership {
  const chosen = new ManualPartitions(cluster, partitions, options, host);
  const source = {
    ...withoutGroup(cluster),
    start: (): void => {
      chosen.start();
    },
    select: (next: Selection): void => {
      if (next.kind === 'partitions') chosen.select(next.partitions);
    },
    stopRebalancing: (): void => {
      chosen.stop();
    },
  };
  const { groupId } = options;
  if (groupId === null) {
    const close = (): void => {
      chosen.close();
    };
    return { ...source, close, committer: null, committed: null };
  }
  const { requestTimeoutMs } = cluster.options;
  const group = new ManualGroup(cluster, { groupId, requestTimeoutMs });
  const committer = new Committer(group, { requestTimeoutMs });
  return {
    ...source,
    identity: () => group.identity(),
    close: () => {
      chosen.close();
      committer.close();
      group.close();
    },
    committer,
    committed: new CommittedOffsets(group),
  };
}

/** Where there is nothing to leave and nobody to make room for. */
function withoutGroup(cluster: Cluster): Pick<OpenMembership, 'identity' | 'leave' | 'expire' | 'progress'> {
  return {
    identity: () => {
      throw new UsageError('A consumer without groupId has no group metadata, give it a groupId');
    },
    leave: (_options, done) => {
      hop(cluster.runtime, done);
    },
    expire: () => undefined,
    progress: () => undefined,
  };
}
