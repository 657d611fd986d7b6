import { type KafkaError } from '../../errors/kafka-error.js';
import { type TopicPartition } from '../../model/topic-partition.js';
import { type MembershipEffect } from './membership-events.js';
import { type MemberState } from './member-state.js';
import { PartitionSet } from '../../cluster/partition-set.js';

/** Everything to the host's drain; true when there was something. Eager, before JoinGroup. */
export function giveUpAll(state: MemberState, deadline: number, effects: MembershipEffect[]): boolean {
  if (state.owned.size === 0) return state.draining.size > 0;
  drain(state, state.owned.list(), deadline, effects);
  return true;
}

/**
 * What is held of topics that are subscribed no longer, at once: a rebalance may take as long as its slowest member, and until
 * it ends nobody else gets them.
 */
export function giveUpTopics(state: MemberState, deadline: number, effects: MembershipEffect[]): void {
  const gone = state.owned.list().filter(({ topic }) => !state.topics.includes(topic));
  if (gone.length > 0) drain(state, gone, deadline, effects);
}

/**
 * A new assignment against what is held: additions to the host, what is missing to its drain. A partition that still drains
 * and is assigned again waits for its drain, because its stream has to end before a new one begins.
 */
export function applyAssignment(
  state: MemberState,
  assignment: readonly TopicPartition[],
  deadline: number,
  effects: MembershipEffect[],
): void {
  state.lastAssignment = assignment;
  state.lastGeneration = state.generation;
  const subscribed = new Set(state.topics);
  const wanted = new PartitionSet(assignment.filter(({ topic }) => subscribed.has(topic)));
  const surplus = state.owned.list().filter((tp) => !wanted.has(tp));
  const returning = wanted.list().filter((tp) => state.isDraining(tp));
  const added = wanted.list().filter((tp) => !state.owned.has(tp) && !state.isDraining(tp));
  state.returning = new PartitionSet(returning);
  // what drained while this round claimed it is free only once the leader hears so
  if (state.drainedSinceJoin.list().some((tp) => !wanted.has(tp))) state.again ??= 'gave partitions up';
  state.drainedSinceJoin.clear();
  if (state.frozen) return; // the host drains everything on its own account
  if (surplus.length > 0) drain(state, surplus, deadline, effects);
  state.owned.addAll(added);
  if (added.length > 0 || !state.told) effects.push({ do: 'assigned', added, all: state.owned.list() });
  state.told = true;
}

/** The host has given the partitions of one drain up. Those that came back meanwhile begin anew. */
export function finishDrain(state: MemberState, partitions: PartitionSet, effects: MembershipEffect[]): boolean {
  const back: TopicPartition[] = [];
  const gone: TopicPartition[] = [];
  for (const tp of partitions.list()) (state.returning.delete(tp) ? back : gone).push(tp);
  state.drainedSinceJoin.addAll(gone);
  if (back.length > 0 && !state.frozen) {
    state.owned.addAll(back);
    effects.push({ do: 'assigned', added: back, all: state.owned.list() });
  }
  return gone.length > 0;
}

/** Nothing is ours any more; drains under way are the host's business from here on. */
export function loseAll(state: MemberState, error: KafkaError | null, effects: MembershipEffect[]): void {
  const partitions = [...state.owned.list(), ...[...state.draining.values()].flatMap((set) => set.list())];
  state.forgetPartitions();
  if (partitions.length > 0) effects.push({ do: 'lost', partitions, error });
  effects.push({ do: 'changed' });
}

function drain(
  state: MemberState,
  partitions: readonly TopicPartition[],
  deadline: number,
  effects: MembershipEffect[],
): void {
  const id = ++state.drains;
  state.draining.set(id, new PartitionSet(partitions));
  state.owned.deleteAll(partitions);
  effects.push({ do: 'revoke', drain: id, partitions, deadline });
}
