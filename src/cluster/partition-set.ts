import { type TopicPartition } from '../model/topic-partition.js';

/** A set of partitions by value, in order of insertion. */
export class PartitionSet {
  readonly #byTopic: Map<string, Set<number>> = new Map<string, Set<number>>();

  constructor(partitions: Iterable<TopicPartition> = []) {
    this.addAll(partitions);
  }

  get size(): number {
    let size = 0;
    for (const set of this.#byTopic.values()) size += set.size;
    return size;
  }

  has(tp: TopicPartition): boolean {
    return this.#byTopic.get(tp.topic)?.has(tp.partition) === true;
  }

  add(tp: TopicPartition): void {
    let set = this.#byTopic.get(tp.topic);
    if (set === undefined) this.#byTopic.set(tp.topic, (set = new Set<number>()));
    set.add(tp.partition);
  }

  addAll(partitions: Iterable<TopicPartition>): void {
    for (const tp of partitions) this.add(tp);
  }

  /** False when it was not in the set. */
  delete(tp: TopicPartition): boolean {
    const set = this.#byTopic.get(tp.topic);
    if (set?.delete(tp.partition) !== true) return false;
    if (set.size === 0) this.#byTopic.delete(tp.topic);
    return true;
  }

  deleteAll(partitions: Iterable<TopicPartition>): void {
    for (const tp of partitions) this.delete(tp);
  }

  clear(): void {
    this.#byTopic.clear();
  }

  list(): TopicPartition[] {
    return [...this.#byTopic].flatMap(([topic, set]) => [...set].map((partition) => ({ topic, partition })));
  }

  /** Partition numbers by topic. */
  topics(): ReadonlyMap<string, ReadonlySet<number>> {
    return this.#byTopic;
  }
}
