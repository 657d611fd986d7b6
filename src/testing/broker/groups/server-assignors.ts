import { type Topic } from '../topic.js';
import { type PartitionKey, partitionKey } from './consumer-member.js';

/** What an assignor knows of a member. @internal */
export interface AssignedMember {
  readonly id: string;
  readonly instanceId: string | null;
  readonly topics: readonly Topic[];
  /** Its target so far, which a sticky assignor keeps as far as it can. */
  readonly before: ReadonlySet<PartitionKey>;
}

/** @internal */
export type ServerAssignor = (members: readonly AssignedMember[]) => Map<string, Set<PartitionKey>>;

/** Assignors by name; the first is the default (group.consumer.assignors). @internal */
export const serverAssignors: ReadonlyMap<string, ServerAssignor> = new Map([
  ['uniform', uniform],
  ['range', range],
]);

/** Each topic is cut into ranges for the members that subscribe to it, static members first, then by id. */
function range(members: readonly AssignedMember[]): Map<string, Set<PartitionKey>> {
  const targets = new Map(members.map(({ id }) => [id, new Set<PartitionKey>()]));
  for (const topic of topicsOf(members)) {
    const takers = sorted(members.filter(({ topics }) => topics.includes(topic)));
    const { length } = topic.partitions;
    const each = Math.floor(length / takers.length);
    const more = length % takers.length;
    let next = 0;
    takers.forEach(({ id }, at) => {
      for (let left = each + (at < more ? 1 : 0); left > 0; left--)
        targets.get(id)!.add(partitionKey(topic.id, next++));
    });
  }
  return targets;
}

/** Even counts over all topics, moving as few partitions as that takes. */
function uniform(members: readonly AssignedMember[]): Map<string, Set<PartitionKey>> {
  const ordered = sorted(members);
  const targets = new Map(ordered.map(({ id }) => [id, new Set<PartitionKey>()]));
  const wanted = new Map(ordered.map(({ id, topics }) => [id, new Set(topics.flatMap(keysOf))]));
  const free = new Set(topicsOf(members).flatMap(keysOf));
  for (const { id, before } of ordered) {
    for (const key of before) if (wanted.get(id)!.has(key) && free.delete(key)) targets.get(id)!.add(key);
  }
  for (const key of free) leastLoaded(ordered, targets, (id) => wanted.get(id)!.has(key))?.add(key);
  balance(ordered, targets, wanted);
  return targets;
}

/** Moves one partition at a time from a member with more to one with at least two fewer, until there is none. */
function balance(
  ordered: readonly AssignedMember[],
  targets: ReadonlyMap<string, Set<PartitionKey>>,
  wanted: ReadonlyMap<string, ReadonlySet<PartitionKey>>,
): void {
  for (let moved = true; moved;) {
    moved = false;
    const byLoad = [...ordered].sort((a, b) => targets.get(b.id)!.size - targets.get(a.id)!.size);
    for (const { id } of byLoad) {
      const from = targets.get(id)!;
      for (const key of [...from].reverse()) {
        const to = leastLoaded(ordered, targets, (other) => other !== id && wanted.get(other)!.has(key));
        if (to === undefined || to.size + 1 >= from.size) continue;
        from.delete(key);
        to.add(key);
        moved = true;
      }
    }
  }
}

function leastLoaded(
  ordered: readonly AssignedMember[],
  targets: ReadonlyMap<string, Set<PartitionKey>>,
  may: (id: string) => boolean,
): Set<PartitionKey> | undefined {
  let least: Set<PartitionKey> | undefined;
  for (const { id } of ordered) {
    const target = targets.get(id)!;
    if (may(id) && (least === undefined || target.size < least.size)) least = target;
  }
  return least;
}

function topicsOf(members: readonly AssignedMember[]): Topic[] {
  return [...new Set(members.flatMap(({ topics }) => topics))].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function keysOf(topic: Topic): PartitionKey[] {
  return topic.partitions.map(({ index }) => partitionKey(topic.id, index));
}

function sorted(members: readonly AssignedMember[]): AssignedMember[] {
  const name = ({ id, instanceId }: AssignedMember): string => (instanceId === null ? `1${id}` : `0${instanceId}`);
  return [...members].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
