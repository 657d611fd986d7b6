import { type Cluster } from '../cluster/cluster.js';
import { UsageError } from '../errors/usage-error.js';
import { type GroupMetadata } from '../model/commit.js';
import { hop } from '../runtime/timer.js';
import { CommittedOffsets } from './committed-offsets.js';
import { Committer } from './committer.js';
import { type ConsumerCoreOptions } from './consumer-ports.js';
import { ClassicMembership } from './group/classic-membership.js';
import { ManualGroup } from './group/manual-group.js';
import { ManualPartitions } from './group/manual-partitions.js';
import { type MembershipHost } from './group/membership-host.js';
import { SelectedTopics } from './group/selected-topics.js';
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
  readonly committed: CommittedOffsets | null;
}

/** Opens nothing yet; `start` does. */
export function openMembership(
  cluster: Cluster,
  options: ConsumerCoreOptions,
  selection: Selection,
  host: MembershipHost,
): OpenMembership {
  if (selection.kind === 'partitions') return manual(cluster, options, selection.partitions, host);
  const { groupId } = options;
  return groupId === null
    ? wholeTopics(cluster, options, selection, host)
    : member(cluster, options, groupId, selection, host);
}

function member(
  cluster: Cluster,
  options: ConsumerCoreOptions,
  groupId: string,
  selection: TopicsOrPattern,
  host: MembershipHost,
): OpenMembership {
  const { requestTimeoutMs } = cluster.options;
  const membership = new ClassicMembership(cluster, { ...options, groupId, requestTimeoutMs }, host);
  const committer = new Committer(membership, { requestTimeoutMs });
  const topics = new SelectedTopics(cluster, selection, options, {
    changed: () => {
      membership.subscribe(topics.names());
    },
    refused: (error) => {
      close();
      host.failed(error);
    },
  });
  const close = (): void => {
    topics.close();
    committer.close();
    membership.close();
  };
  return {
    start: () => {
      topics.start();
      // names are known without asking; what a pattern means is known after the first answer
      if (selection.kind === 'topics') membership.subscribe(selection.topics);
    },
    select: (next) => {
      if (next.kind === 'partitions') return;
      topics.select(next);
      if (next.kind === 'topics') membership.subscribe(next.topics);
    },
    identity: () => membership.identity(),
    stopRebalancing: () => {
      // a topic that is refused now must not end the drain
      topics.mute();
      membership.stopRebalancing();
    },
    leave: (leaveOptions, done) => {
      membership.leave(leaveOptions, done);
    },
    expire: () => {
      membership.expire();
    },
    progress: () => {
      membership.progress();
    },
    close,
    committer,
    committed: new CommittedOffsets(membership),
  };
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
      if (next.kind !== 'partitions') whole.select(next);
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
