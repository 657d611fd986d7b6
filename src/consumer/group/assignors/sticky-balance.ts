import { type AssignorMember } from '../../../model/assignor.js';
import { type TopicPartition } from '../../../model/topic-partition.js';
import { inOrder, topicsInOrder } from './member-order.js';
import { type Claim } from './sticky-user-data.js';

const nobody = -1;

/**
 * Balanced first, sticky second. Members and partitions are indices into sorted lists, so that the result depends on the input
 * alone; `loads` and `owners` are kept together.
 */
export class StickyBalance {
  readonly #members: readonly AssignorMember[];
  readonly #partitions: TopicPartition[] = [];
  /** Per partition the members that may take it; one array per topic, shared. */
  readonly #takers: (readonly number[])[] = [];
  readonly #indexOf: Map<string, ReadonlyMap<number, number>> = new Map<string, ReadonlyMap<number, number>>();
  readonly #owners: Int32Array;
  /** Who had it before, if anybody had it undisputed. */
  readonly #previous: Int32Array;
  readonly #loads: Int32Array;
  readonly #equal: boolean;

  constructor(
    members: readonly AssignorMember[],
    claims: ReadonlyMap<string, Claim>,
    partitionsByTopic: ReadonlyMap<string, readonly number[]>,
  ) {
    this.#members = inOrder(members);
    const topics = topicsInOrder(members, partitionsByTopic);
    const subscriptions = this.#members.map((member) => new Set(member.topics));
    for (const topic of topics) {
      const takers = subscriptions.flatMap((subscribed, index) => (subscribed.has(topic) ? [index] : []));
      const numbers = partitionsByTopic.get(topic)!;
      this.#indexOf.set(topic, new Map(numbers.map((partition, at) => [partition, this.#partitions.length + at])));
      for (const partition of numbers) {
        this.#partitions.push({ topic, partition });
        this.#takers.push(takers);
      }
    }
    this.#equal = this.#takers.every((takers) => takers.length === this.#members.length);
    this.#owners = new Int32Array(this.#partitions.length).fill(nobody);
    this.#loads = new Int32Array(this.#members.length);
    this.#claim(subscriptions, claims);
    this.#previous = this.#owners.slice();
  }

  run(): Map<string, TopicPartition[]> {
    if (this.#equal) this.#trimToQuota();
    this.#dealUnassigned();
    if (!this.#equal) this.#moveFromLoaded();
    const result = new Map<string, TopicPartition[]>(this.#members.map(({ memberId }) => [memberId, []]));
    this.#owners.forEach((owner, at) => {
      if (owner !== nobody) result.get(this.#members[owner]!.memberId)!.push(this.#partitions[at]!);
    });
    return result;
  }

  /** Each partition to the member that claims it under the highest generation; to nobody if two claim it under the same. */
  #claim(subscriptions: readonly ReadonlySet<string>[], claims: ReadonlyMap<string, Claim>): void {
    const generations = new Map<number, number>();
    this.#members.forEach(({ memberId }, member) => {
      const claim = claims.get(memberId);
      for (const { topic, partition } of claim?.owned ?? []) {
        const at = this.#indexOf.get(topic)?.get(partition);
        if (at === undefined || !subscriptions[member]!.has(topic)) continue;
        const other = generations.get(at);
        if (other !== undefined && other > claim!.generation) continue;
        if (other === claim!.generation && this.#owners[at] !== member) this.#owners[at] = nobody;
        else this.#owners[at] = member;
        generations.set(at, claim!.generation);
      }
    });
    for (const owner of this.#owners) if (owner !== nobody) this.#loads[owner]!++;
  }

  /** Equal subscriptions: everybody ends with the even share, or one more; what is above that is given up. */
  #trimToQuota(): void {
    if (this.#members.length === 0) return;
    const share = Math.floor(this.#partitions.length / this.#members.length);
    let oneMore = this.#partitions.length % this.#members.length;
    const quota = Array.from(this.#loads, (load) => (load > share && oneMore-- > 0 ? share + 1 : share));
    const kept = new Int32Array(this.#members.length);
    this.#owners.forEach((owner, at) => {
      if (owner === nobody) return;
      if (kept[owner]! < quota[owner]!) kept[owner]!++;
      else this.#owners[at] = nobody;
    });
    this.#loads.set(kept);
  }

  #dealUnassigned(): void {
    const free: number[] = [];
    this.#owners.forEach((owner, at) => {
      if (owner === nobody) free.push(at);
    });
    // who has little choice is served first; the sort is stable
    if (!this.#equal) free.sort((left, right) => this.#takers[left]!.length - this.#takers[right]!.length);
    for (const at of free) this.#give(at, this.#leastLoaded(this.#takers[at]!));
  }

  /**
   * Unequal subscriptions: as long as a member has at least two more than another one that may take one of its partitions, that
   * one moves. Each move makes the sum of squared loads smaller, so it ends.
   */
  #moveFromLoaded(): void {
    for (let moved = true; moved;) {
      moved = false;
      const held: number[][] = this.#members.map(() => []);
      this.#owners.forEach((owner, at) => held[owner]!.push(at));
      const byLoad = this.#members.map((_, member) => member).sort((l, r) => this.#loads[r]! - this.#loads[l]!);
      for (const member of byLoad) {
        // what it got only now goes first, so that others keep what they had
        const order = held[member]!.sort((l, r) => Number(this.#kept(l)) - Number(this.#kept(r)));
        for (const at of order) {
          const target = this.#leastLoaded(this.#takers[at]!);
          if (this.#loads[target]! + 1 >= this.#loads[member]!) continue;
          this.#loads[member]!--;
          this.#give(at, target);
          moved = true;
        }
      }
    }
  }

  #kept(at: number): boolean {
    return this.#previous[at] === this.#owners[at];
  }

  #give(at: number, member: number): void {
    this.#owners[at] = member;
    this.#loads[member]!++;
  }

  #leastLoaded(takers: readonly number[]): number {
    let best = takers[0]!;
    for (const taker of takers) if (this.#loads[taker]! < this.#loads[best]!) best = taker;
    return best;
  }
}
