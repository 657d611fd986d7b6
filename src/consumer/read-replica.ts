import { type FetchState } from './fetch-state.js';
import { type PartitionCursor } from './partition-cursor.js';

/** Told by those who fetch; each may move the partition to another broker. */
export interface ReplicaPort {
  /** The leader says that this node is closer. */
  replicaNamed(cursor: PartitionCursor, node: number): void;
  /** The node that is read from instead of the leader refuses, or does not answer. */
  replicaRefused(cursor: PartitionCursor): void;
  /** What the leader said is too old. */
  replicaExpired(cursor: PartitionCursor): void;
}

/**
 * Where a partition is read from (KIP-392): the leader, or the follower that the leader named as the closest one. The name is good
 * until it is too old, its broker is gone, or that broker refuses; then the leader is asked again, and names one anew.
 *
 * A leader that names a replica sends no records beside the name. So after a refusal it is asked without a rack for a while
 * (`leaderOnlyUntil`), or the two would send the reader to and fro.
 */
export class ReadReplica {
  readonly #maxAgeMs: number;
  readonly #leaderOnlyMs: number;

  /** @param leaderOnlyMs - after a refusal */
  constructor(maxAgeMs: number, leaderOnlyMs: number) {
    this.#maxAgeMs = maxAgeMs;
    this.#leaderOnlyMs = leaderOnlyMs;
  }

  /** The node to read from, -1 while there is none. */
  of(fetch: FetchState, leader: number, brokers: ReadonlyMap<number, unknown>, now: number): number {
    if (fetch.preferred >= 0 && (now >= fetch.preferredUntil || !brokers.has(fetch.preferred))) this.#forget(fetch);
    return fetch.preferred >= 0 ? fetch.preferred : leader;
  }

  named(fetch: FetchState, node: number, now: number): void {
    fetch.preferred = node;
    fetch.preferredUntil = now + this.#maxAgeMs;
  }

  refused(fetch: FetchState, now: number): void {
    this.#forget(fetch);
    fetch.leaderOnlyUntil = now + this.#leaderOnlyMs;
  }

  #forget(fetch: FetchState): void {
    fetch.preferred = -1;
    fetch.preferredUntil = Infinity;
  }
}
