/** A committed offset. @internal */
export interface StoredOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** A commit as it was written, and when: of two the later one counts, also when the earlier is decided after it. */
interface Written extends Place {
  readonly stored: StoredOffset;
  readonly order: number;
}

/** Committed offsets of one group, and those of transactions that are not decided yet. @internal */
export class GroupOffsets {
  readonly #committed = new Map<string, Written>();
  /** By producer id, then by partition. */
  readonly #pending = new Map<number, Map<string, Written>>();

  #order = 0;

  get size(): number {
    return this.#committed.size;
  }

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  commit(topic: string, partition: number, stored: StoredOffset): void {
    this.#committed.set(keyOf(topic, partition), { topic, partition, stored, order: this.#order++ });
  }

  get(topic: string, partition: number): StoredOffset | null {
    return this.#committed.get(keyOf(topic, partition))?.stored ?? null;
  }

  all(): readonly (Place & { readonly stored: StoredOffset })[] {
    return [...this.#committed.values()];
  }

  delete(topic: string, partition: number): void {
    this.#committed.delete(keyOf(topic, partition));
    for (const places of this.#pending.values()) places.delete(keyOf(topic, partition));
  }

  deleteTopic(topic: string): void {
    for (const place of this.all()) if (place.topic === topic) this.delete(topic, place.partition);
  }

  /** An offset that counts when its transaction commits. */
  add(producerId: number, topic: string, partition: number, stored: StoredOffset): void {
    let places = this.#pending.get(producerId);
    if (places === undefined) this.#pending.set(producerId, (places = new Map<string, Written>()));
    places.set(keyOf(topic, partition), { topic, partition, stored, order: this.#order++ });
  }

  /** The transaction of the producer was decided. */
  end(producerId: number, committed: boolean): void {
    const places = this.#pending.get(producerId);
    this.#pending.delete(producerId);
    if (!committed) return;
    for (const [key, written] of places ?? []) {
      const present = this.#committed.get(key);
      if (present === undefined || present.order < written.order) this.#committed.set(key, written);
    }
  }

  /** Whether a transaction that is not decided has an offset for the partition. */
  isUnstable(topic: string, partition: number): boolean {
    const key = keyOf(topic, partition);
    return [...this.#pending.values()].some((places) => places.has(key));
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
