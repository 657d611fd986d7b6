import { type HeldPartition } from './held-partition.js';

/** What an expired membership asks of its session. */
export interface ExpiryHost {
  /** Whether there is a group that the member could leave. */
  isMember(): boolean;
  /** The member is about to leave because of these. */
  expired(stuck: readonly HeldPartition[]): void;
  /** Lose everything and leave; a static member falls silent. */
  leave(): void;
  /** Join again. */
  rejoin(): void;
}

/**
 * Out of the group for lack of progress (maxPollIntervalMs), and back.
 *
 * Progress of a member that holds nothing: every lease it gave out was fenced when it left, and a fenced lease that somebody
 * settles all the same means that the step which hung has come back. Only leases of the partitions that stood still count;
 * handlers of the other partitions were never stuck, and their late answers say nothing about the one that is. A new
 * subscriber is progress as well: the pipe that hung is gone.
 *
 * Race: the member leaves in steps, and the handler may come back between the decision and the loss. Its settle is accepted
 * then, and told by `settled` instead of by the fenced lease; both end the expiry. The membership takes its events in order,
 * so that it has left before it joins again, under a new member id.
 */
export class PollExpiry {
  readonly #host: ExpiryHost;
  #stuck: readonly HeldPartition[] | null = null;

  constructor(host: ExpiryHost) {
    this.#host = host;
  }

  get expired(): boolean {
    return this.#stuck !== null;
  }

  /** These made no progress for maxPollIntervalMs. */
  expire(stuck: readonly HeldPartition[]): void {
    if (this.#stuck !== null || !this.#host.isMember()) return;
    this.#stuck = stuck;
    for (const { cursor } of stuck) {
      cursor.tracker.onLate = () => {
        this.#progress();
      };
    }
    this.#host.expired(stuck);
    this.#host.leave();
  }

  /** Something of that partition was settled in time. */
  settled(held: HeldPartition): void {
    if (this.#stuck?.includes(held) === true) this.#progress();
  }

  /** Another subscriber took over. */
  resubscribed(): void {
    this.#progress();
  }

  #progress(): void {
    const stuck = this.#stuck;
    if (stuck === null) return;
    this.#stuck = null;
    for (const { cursor } of stuck) cursor.tracker.onLate = null;
    this.#host.rejoin();
  }
}
