import { type TopicPartition } from '../../model/topic-partition.js';
import { PartitionSet } from '../../cluster/partition-set.js';

/** What a new assignment asks for. */
export interface Moves {
  /** To be handed to the host. */
  readonly added: readonly TopicPartition[];
  /** To be drained under this number; null for none. */
  readonly drain: { readonly id: number; readonly partitions: readonly TopicPartition[] } | null;
}

/** The partitions of a member: held by the host, draining there, or assigned again while they drain. */
export class HeldSet {
  readonly #owned: PartitionSet = new PartitionSet();
  readonly #draining: Map<number, PartitionSet> = new Map<number, PartitionSet>();
  #returning: PartitionSet = new PartitionSet();
  #drains = 0;

  /** Held and not draining. */
  owned(): TopicPartition[] {
    return this.#owned.list();
  }

  /** Everything that nobody else may have yet. */
  all(): TopicPartition[] {
    return [...this.#owned.list(), ...[...this.#draining.values()].flatMap((set) => set.list())];
  }

  get isDraining(): boolean {
    return this.#draining.size > 0;
  }

  /**
   * A partition that still drains and is wanted again waits for its drain, because its stream has to end before a new one
   * begins.
   */
  move(wanted: PartitionSet): Moves {
    const surplus = this.#owned.list().filter((tp) => !wanted.has(tp));
    const added = wanted.list().filter((tp) => !this.#owned.has(tp) && !this.#drainsNow(tp));
    this.#returning = new PartitionSet(wanted.list().filter((tp) => this.#drainsNow(tp)));
    this.#owned.deleteAll(surplus);
    this.#owned.addAll(added);
    if (surplus.length === 0) return { added, drain: null };
    const id = ++this.#drains;
    this.#draining.set(id, new PartitionSet(surplus));
    return { added, drain: { id, partitions: surplus } };
  }

  /** Null when that drain is over already. `back`: begin anew. `gone`: given up. */
  drained(id: number): { readonly back: readonly TopicPartition[]; readonly gone: boolean } | null {
    const partitions = this.#draining.get(id);
    if (partitions === undefined) return null;
    this.#draining.delete(id);
    const back = partitions.list().filter((tp) => this.#returning.delete(tp));
    this.#owned.addAll(back);
    return { back, gone: back.length < partitions.size };
  }

  /** Empties; what was held or draining. Drains under way are the host's business from here on. */
  lose(): TopicPartition[] {
    const all = this.all();
    this.#owned.clear();
    this.#draining.clear();
    this.#returning.clear();
    return all;
  }

  #drainsNow(tp: TopicPartition): boolean {
    for (const set of this.#draining.values()) if (set.has(tp)) return true;
    return false;
  }
}
