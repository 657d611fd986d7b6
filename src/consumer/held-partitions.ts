import { type TopicPartition } from '../model/topic-partition.js';
import { type HeldPartition } from './held-partition.js';
import { type PartitionCursor } from './partition-cursor.js';

/** Everything a consumer holds, draining partitions included. */
export class HeldPartitions {
  readonly #byTopic: Map<string, Map<number, HeldPartition>> = new Map<string, Map<number, HeldPartition>>();
  #list: readonly HeldPartition[] | null = null;

  add(held: HeldPartition): void {
    let partitions = this.#byTopic.get(held.topic);
    if (partitions === undefined) {
      partitions = new Map<number, HeldPartition>();
      this.#byTopic.set(held.topic, partitions);
    }
    partitions.set(held.partition, held);
    this.#list = null;
  }

  /** Removes this very assignment; one that came later under the same name stays. */
  remove(held: HeldPartition): void {
    const partitions = this.#byTopic.get(held.topic);
    if (partitions?.get(held.partition) !== held) return;
    partitions.delete(held.partition);
    if (partitions.size === 0) this.#byTopic.delete(held.topic);
    this.#list = null;
  }

  get(tp: TopicPartition): HeldPartition | undefined {
    return this.#byTopic.get(tp.topic)?.get(tp.partition);
  }

  /** The assignment that this cursor belongs to, unless it has ended. */
  of(cursor: PartitionCursor): HeldPartition | undefined {
    const held = this.get(cursor);
    return held?.cursor === cursor ? held : undefined;
  }

  /** A stable snapshot. */
  all(): readonly HeldPartition[] {
    this.#list ??= [...this.#byTopic.values()].flatMap((partitions) => [...partitions.values()]);
    return this.#list;
  }
}
