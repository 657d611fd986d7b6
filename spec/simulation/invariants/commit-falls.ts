import { type ConsumerEvent } from '../../../src/index.js';
import { type OffsetCommitRequest } from '../../../src/protocol/messages/offset-commit.js';
import { type InterceptedRequest } from '../../../src/testing/broker/controls/control-table.js';
import { type Invariant } from '../invariant.js';
import { type GroupMember } from '../workload/group-member.js';
import { type SentRequest } from '../wire-tap.js';
import { type World } from '../world.js';

interface Place {
  seen: number;
  /** Until then it may fall: a discontinuity was told, or a commit of before arrived late. */
  mayFallUntil: number;
}

/** Longest time for a commit to be tried again, milliseconds. */
const graceMs = 10_000;

/** What a group has stored falls only when a member told of a discontinuity. */
export class CommitFalls implements Invariant {
  readonly name = 'committed falls only with a discontinuity';
  readonly #world: World;
  readonly #places = new Map<string, Place>();

  constructor(world: World) {
    this.#world = world;
  }

  told(member: GroupMember, event: ConsumerEvent): void {
    if (event.type !== 'discontinuity') return;
    this.#look();
    this.#mayFall(member.plan.id, event.topic, event.partition);
  }

  /** A user's seek may come before there is a position, which is no discontinuity then. */
  restarted({ plan }: GroupMember, topic: string, partition: number): void {
    this.#mayFall(plan.id, topic, partition);
  }

  /** The network held it: a connection that was given up delivers what was sent over it, and the broker takes it. */
  late(request: SentRequest): void {
    if (request.api !== 'OffsetCommit') return;
    const { groupId, topics } = request.body() as OffsetCommitRequest;
    for (const { name, topicId, partitions } of topics) {
      const topic = name === '' ? this.#world.state.topicsById.get(topicId)!.name : name;
      for (const { partitionIndex } of partitions) this.#mayFall(groupId, topic, partitionIndex);
    }
  }

  arrived({ api }: InterceptedRequest): void {
    if (api === 'OffsetCommit' || api === 'TxnOffsetCommit') this.#look();
  }

  finish(): void {
    this.#look();
  }

  #look(): void {
    for (const group of this.#world.state.groups.groups.values()) {
      for (const { topic, partition, stored } of group.offsets.all()) {
        const place = this.#place(group.id, topic, partition);
        if (stored.offset === place.seen) continue;
        if (stored.offset < place.seen) {
          this.#world.counts.add('committed fell');
          if (this.#world.clock.now > place.mayFallUntil)
            this.#world.violate(
              this.name,
              `${group.id} had ${place.seen} of ${topic}/${partition}, and has ${stored.offset}`,
            );
        }
        place.seen = stored.offset;
      }
    }
  }

  /** What was on its way may still come in between. */
  #mayFall(group: string, topic: string, partition: number): void {
    this.#place(group, topic, partition).mayFallUntil = this.#world.clock.now + graceMs;
    this.#world.after(graceMs, () => {
      this.#look();
    });
  }

  #place(group: string, topic: string, partition: number): Place {
    const key = `${group}|${topic}|${partition}`;
    let place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, (place = { seen: 0, mayFallUntil: -1 }));
    return place;
  }
}
