import { type Cluster } from '../cluster/cluster.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { CommittedOffsets } from './committed-offsets.js';
import { Committer } from './committer.js';
import { type ConsumerCoreOptions } from './consumer-ports.js';
import { ClassicMembership } from './group/classic-membership.js';
import { ConsumerMembership } from './group/consumer-membership.js';
import { type MembershipHost } from './group/membership-host.js';
import { SelectedTopics } from './group/selected-topics.js';
import { type OpenMembership } from './open-membership.js';
import { type Selection } from './selection.js';

export interface GroupMemberOptions extends ConsumerCoreOptions {
  readonly groupId: string;
  /** The client's own id; the classic protocol takes the coordinator's instead. */
  readonly memberId: () => string;
}

type BySelection = Exclude<Selection, { readonly kind: 'partitions' }>;

/** A consumer that shares its topics with the other members of a group, by either protocol. */
export function openGroupMember(
  cluster: Cluster,
  options: GroupMemberOptions,
  selection: BySelection,
  host: MembershipHost,
): OpenMembership {
  const { requestTimeoutMs } = cluster.options;
  const settings = { ...options, requestTimeoutMs };
  const membership =
    options.groupProtocol === 'consumer'
      ? new ConsumerMembership(cluster, { ...settings, memberId: options.memberId() }, host)
      : new ClassicMembership(cluster, settings, host);
  const committer = new Committer(membership, { requestTimeoutMs });
  const topics = watched(cluster, options, selection, {
    changed: (names) => {
      membership.subscribe(names);
    },
    refused: (error) => {
      close();
      host.failed(error);
    },
  });
  // names are known without asking, and the broker's own patterns are its business; what a pattern means here is known after
  // the first answer
  const subscribe = (next: BySelection): void => {
    if (next.kind === 'topics') membership.subscribe(next.topics);
    else if (next.kind === 'serverPattern' && membership instanceof ConsumerMembership)
      membership.subscribe([], next.serverPattern);
  };
  const close = (): void => {
    topics?.close();
    committer.close();
    membership.close();
  };
  return {
    start: () => {
      topics?.start();
      subscribe(selection);
    },
    select: (next) => {
      if (next.kind === 'partitions') return;
      if (next.kind !== 'serverPattern') topics?.select(next);
      subscribe(next);
    },
    identity: () => membership.identity(),
    stopRebalancing: () => {
      // a topic that is refused now must not end the drain
      topics?.mute();
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

/** The topics that are selected, in the metadata; null where the broker selects them. */
function watched(
  cluster: Cluster,
  options: ConsumerCoreOptions,
  selection: BySelection,
  listener: { changed(names: readonly string[]): void; refused(error: KafkaError): void },
): SelectedTopics | null {
  if (selection.kind === 'serverPattern') return null;
  const topics = new SelectedTopics(cluster, selection, options, {
    changed: () => {
      listener.changed(topics.names());
    },
    refused: (error) => {
      listener.refused(error);
    },
  });
  return topics;
}
