import type { Body } from '../cluster/channel-pool.js';
import { Committer } from '../consumer/committer.js';
import type { GroupPort } from '../consumer/group/group-port.js';
import type { MembershipHost } from '../consumer/group/membership-host.js';
import type { OpenMembership } from '../consumer/open-membership.js';
import { type Selection, selects } from '../consumer/selection.js';
import type { KafkaError } from '../errors/kafka-error.js';
import type { GroupMetadata } from '../model/commit.js';
import type { Cancel, Done } from '../model/done.js';
import type { Runtime } from '../model/runtime.js';
import type { TopicPartition } from '../model/topic-partition.js';
import type { Api } from '../protocol/api.js';
import type { OffsetCommitRequest, OffsetCommitResponse } from '../protocol/messages/offset-commit.js';
import { hop } from '../runtime/timer.js';
import type { GroupEvent } from './group-script.js';
import type { GroupMember, ScriptedGroup } from './scripted-group.js';
import { sameTp } from './scripted-log.js';

/** Times of a scripted membership, in milliseconds. */
export interface MembershipTimes {
  readonly drainTimeoutMs: number;
  readonly commitMs: number;
}

/** Longer than any commit of a script takes. */
const requestTimeoutMs = 30_000;

/**
 * One membership of a scripted group, in the place of a classic or KIP-848 member: what the marble line says is told to the
 * consumer at that frame. Commits go through the client's own committer, to a coordinator that stores what it gets.
 */
export class ScriptedMembership implements OpenMembership, GroupMember, GroupPort {
  readonly runtime: Runtime;
  readonly backoff: GroupPort['backoff'] = { initialMs: 100, maxMs: 1000 };
  readonly committer: Committer;
  readonly committed: OpenMembership['committed'];
  readonly #group: ScriptedGroup;
  readonly #host: MembershipHost;
  readonly #times: MembershipTimes;
  readonly #listeners: Set<() => void> = new Set<() => void>();
  #selection: Selection;
  #draining: TopicPartition[] = [];
  #state: 'joining' | 'member' | 'frozen' | 'expired' | 'gone' = 'gone';

  constructor(
    runtime: Runtime,
    group: ScriptedGroup,
    selection: Selection,
    host: MembershipHost,
    times: MembershipTimes,
  ) {
    this.runtime = runtime;
    this.#group = group;
    this.#selection = selection;
    this.#host = host;
    this.#times = times;
    this.committer = new Committer(this, { requestTimeoutMs });
    this.committed = {
      fetch: (
        partitions: readonly TopicPartition[],
        done: Parameters<NonNullable<OpenMembership['committed']>['fetch']>[1],
      ) =>
        hop(runtime, () => {
          done(null, group.committed(partitions));
        }),
    };
  }

  start(): void {
    this.#state = 'joining';
    hop(this.runtime, () => {
      if (this.#state === 'joining') this.#join();
    });
  }

  select(selection: Selection): void {
    this.#selection = selection;
    hop(this.runtime, () => {
      const held = this.#host.held();
      const wanted = this.#wanted();
      this.#move({
        assign: wanted.filter((tp) => !held.some((have) => sameTp(have, tp))),
        revoke: held.filter((tp) => !wanted.some((want) => sameTp(want, tp))),
      });
    });
  }

  identity(): GroupMetadata {
    const generation = this.#isMember ? this.#group.generation : -1;
    return { groupId: this.#group.groupId, generation, memberId: 'test-member', groupInstanceId: null };
  }

  stopRebalancing(): void {
    if (this.#state === 'member') this.#state = 'frozen';
  }

  leave(_options: { readonly leaveGroup: boolean | undefined }, done: () => void): void {
    this.#goAway('gone');
    hop(this.runtime, done);
  }

  expire(): void {
    hop(this.runtime, () => {
      if (this.#state !== 'member') return;
      this.#goAway('expired');
      this.#host.lost(this.#host.held(), null);
      this.#host.state('joining');
    });
  }

  progress(): void {
    hop(this.runtime, () => {
      if (this.#state === 'expired') this.#join();
    });
  }

  close(): void {
    this.#goAway('gone');
    this.#listeners.clear();
    this.committer.close();
  }

  // ---- GroupMember

  told(event: GroupEvent): void {
    if (this.#state !== 'member') return;
    const ours = (partitions: readonly TopicPartition[] | undefined): readonly TopicPartition[] =>
      (partitions ?? []).filter((tp) => selects(this.#selection, tp));
    this.#move({ ...event, assign: ours(event.assign), revoke: ours(event.revoke), lose: ours(event.lose) });
  }

  failed(error: unknown): void {
    if (this.#isMember) this.#host.failed(error as KafkaError);
  }

  // ---- GroupPort

  get commitReady(): boolean {
    return this.#isMember;
  }

  onChange(listener: () => void): Cancel {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The committer's calls, the only ones there are: read when they are sent, stored, and answered after `commitMs`. */
  groupCall<Req, Res>(_api: Api<Req, Res>, body: Body<Req>, done: Done<Res>): Cancel {
    let cancel = hop(this.runtime, () => {
      const asked = typeof body === 'function' ? (body as () => unknown)() : body;
      const { topics } = asked as OffsetCommitRequest;
      this.#group.commit(
        topics.flatMap(({ name, partitions }) =>
          partitions.map((part) => ({ topic: name, partition: part.partitionIndex, offset: part.committedOffset })),
        ),
      );
      const response: OffsetCommitResponse = {
        throttleTimeMs: 0,
        topics: topics.map(({ name, partitions }) => ({
          name,
          topicId: '',
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
        })),
      };
      const answer = this.runtime.scheduler.schedule(() => {
        done(null, response as Res);
      }, this.#times.commitMs);
      cancel = () => {
        answer.unsubscribe();
      };
    });
    return () => {
      cancel();
    };
  }

  forgetCoordinator(): void {
    // there is one for ever
  }
  refused(): void {
    // it refuses nothing
  }

  // ---- inner

  get #isMember(): boolean {
    return this.#state === 'member' || this.#state === 'frozen';
  }

  #wanted(): readonly TopicPartition[] {
    return this.#group.assigned.filter((tp) => selects(this.#selection, tp));
  }

  #join(): void {
    this.#state = 'member';
    this.#group.join(this);
    this.#changed();
    // until the first letter the coordinator keeps the member waiting
    if (this.#group.begun) this.#move({ assign: this.#wanted() });
  }

  #goAway(state: 'expired' | 'gone'): void {
    this.#state = state;
    this.#group.leave(this);
    this.#draining = [];
  }

  /**
   * Race: a partition may be assigned again while it drains. It comes back when the drain has ended, under a new epoch, if it is
   * still assigned then.
   */
  #move({ assign = [], revoke = [], lose = [], deadlineMs = this.#times.drainTimeoutMs }: GroupEvent): void {
    const losesAll = lose.length > 0 && assign.length === 0 && this.#wanted().length === 0;
    this.#changed();
    if (lose.length > 0) {
      this.#draining = without(this.#draining, lose);
      this.#host.lost(lose, null);
    }
    if (revoke.length > 0) this.#revoke(revoke, this.runtime.now() + deadlineMs);
    const added = without(assign, this.#draining);
    if (added.length > 0) this.#host.assigned(added, this.#wanted());
    if (losesAll) this.#host.state('joining');
    else this.#settle();
  }

  #revoke(partitions: readonly TopicPartition[], deadline: number): void {
    const drained = [...partitions];
    this.#draining = [...this.#draining, ...drained];
    this.#host.state('rebalancing');
    this.#host.revoke(drained, deadline, () => {
      hop(this.runtime, () => {
        if (this.#state !== 'member') return;
        const back = this.#wanted().filter((tp) => drained.some((other) => sameTp(other, tp)));
        this.#draining = without(this.#draining, drained);
        if (back.length > 0) this.#host.assigned(back, this.#wanted());
        this.#settle();
      });
    });
  }

  #settle(): void {
    if (this.#draining.length === 0) this.#host.state('stable');
  }

  #changed(): void {
    hop(this.runtime, () => {
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

function without(partitions: readonly TopicPartition[], others: readonly TopicPartition[]): TopicPartition[] {
  return partitions.filter((tp) => !others.some((other) => sameTp(other, tp)));
}
