import { type TopicPartition } from '../../model/topic-partition.js';

/** A set of partitions that grows: those of one transaction, by topic. */
export class PartitionLedger {
  readonly #topics: Map<string, Set<number>> = new Map<string, Set<number>>();

  get empty(): boolean {
    return this.#topics.size === 0;
  }

  has({ topic, partition }: TopicPartition): boolean {
    return this.#topics.get(topic)?.has(partition) === true;
  }

  add({ topic, partition }: TopicPartition): void {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) this.#topics.set(topic, new Set([partition]));
    else partitions.add(partition);
  }

  addAll(other: PartitionLedger): void {
    for (const { name, partitions } of other.list())
      for (const partition of partitions) this.add({ topic: name, partition });
  }

  /** In the shape of AddPartitionsToTxn. */
  list(): { readonly name: string; readonly partitions: readonly number[] }[] {
    return [...this.#topics].map(([name, partitions]) => ({ name, partitions: [...partitions] }));
  }

  clear(): void {
    this.#topics.clear();
  }
}
