import { type EndTxnRequest } from '../../../src/protocol/messages/end-txn.js';
import { type OffsetCommitRequest } from '../../../src/protocol/messages/offset-commit.js';
import { type TxnOffsetCommitRequest } from '../../../src/protocol/messages/txn-offset-commit.js';
import { type InterceptedRequest } from '../../../src/testing/broker/controls/control-table.js';
import { type Delivered, type Invariant } from '../invariant.js';
import { type World } from '../world.js';
import { type GroupPlan } from '../workload/group-plan.js';

interface Place {
  readonly acked: Set<number>;
  /** Everything below it is done. */
  frontier: number;
}

/**
 * A group never commits an offset while a record below it is not acknowledged. Judged when the request reaches the broker. Beside
 * transactions a plain commit moves over nothing but what has no results: control and aborted records.
 */
export class CommitBehindAcknowledged implements Invariant {
  readonly name = 'committed never beyond acknowledged';
  readonly #world: World;
  readonly #plans: ReadonlyMap<string, GroupPlan>;
  readonly #places = new Map<string, Place>();
  /** By transactional id. */
  readonly #pending = new Map<string, readonly { readonly place: Place; readonly offset: number }[]>();

  constructor(world: World, plans: readonly GroupPlan[]) {
    this.#world = world;
    this.#plans = new Map(plans.map((plan) => [plan.id, plan]));
  }

  settled({ member, topic, partition, offset }: Delivered, how: 'acked' | 'released' | 'fenced'): void {
    if (how === 'acked' && member.plan.source !== 'transaction')
      this.#place(member.plan.id, topic, partition).acked.add(offset);
  }

  arrived({ api, body, clientId }: InterceptedRequest): void {
    if (api === 'TxnOffsetCommit') this.#added(body as TxnOffsetCommitRequest);
    else if (api === 'EndTxn') this.#ended(body as EndTxnRequest);
    if (api !== 'OffsetCommit') return;
    const { groupId, topics } = body as OffsetCommitRequest;
    const plan = this.#plans.get(groupId);
    if (plan === undefined) return;
    for (const { name, topicId, partitions } of topics) {
      const topic = name === '' ? this.#world.state.topicsById.get(topicId)!.name : name;
      for (const { partitionIndex, committedOffset } of partitions) {
        this.#judge(plan, topic, partitionIndex, committedOffset, clientId);
      }
    }
  }

  /** Done when the transaction is committed, which the group learns a moment later. */
  #added({ transactionalId, groupId, topics }: TxnOffsetCommitRequest): void {
    const offsets = topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => {
        return { place: this.#place(groupId, name, partitionIndex), offset: committedOffset };
      }),
    );
    this.#pending.set(transactionalId, [...(this.#pending.get(transactionalId) ?? []), ...offsets]);
  }

  #ended({ transactionalId, committed }: EndTxnRequest): void {
    if (committed)
      for (const { place, offset } of this.#pending.get(transactionalId) ?? [])
        place.frontier = Math.max(place.frontier, offset);
    this.#pending.delete(transactionalId);
  }

  #judge(plan: GroupPlan, topic: string, partition: number, offset: number, who: string | null): void {
    const place = this.#place(plan.id, topic, partition);
    this.#world.counts.add('commits judged');
    if (plan.source === 'transaction')
      place.frontier = Math.max(place.frontier, this.#world.committed(plan.id, topic, partition) ?? 0);
    if (offset <= place.frontier) return;
    const view = this.#world.log(topic, partition);
    for (let at = view.indexOf(place.frontier); at < view.records.length; at++) {
      const record = view.records[at]!;
      if (record.offset >= offset) break;
      const done =
        place.acked.delete(record.offset) || (plan.isolationLevel === 'read_committed' && record.fate === 'aborted');
      if (!done) {
        this.#world.violate(
          this.name,
          `${who ?? ''} commits ${topic}/${partition}@${offset} for ${plan.id}, ${record.value} at ${record.offset} is not done`,
        );
        return;
      }
      place.frontier = record.offset + 1;
    }
    place.frontier = offset;
  }

  #place(group: string, topic: string, partition: number): Place {
    const key = `${group}|${topic}|${partition}`;
    let place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, (place = { acked: new Set<number>(), frontier: 0 }));
    return place;
  }
}
