import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { OffsetResetError } from '../errors/client-errors.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { UsageError } from '../errors/usage-error.js';
import { type ConsumerEvent, type SeekTarget } from '../model/consumer.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type OffsetList } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';
import { lookUpCommitted } from './committed-look-up.js';
import { type PositionTrouble } from './flow-options.js';
import { type HeldPartition } from './held-partition.js';
import { type OffsetSource } from './offset-source.js';
import { PendingSeeks } from './pending-seeks.js';
import { PositionWaiters } from './position-waiters.js';
import { earliestTimestamp, latestTimestamp, type StartPositions } from './start-positions.js';

type Discontinuity = Extract<ConsumerEvent, { readonly type: 'discontinuity' }>['reason'];

/** What moving positions needs from its session. */
export interface PositionKeeperHost {
  readonly runtime: Runtime;
  event(event: ConsumerEvent): void;
  /** The commit value moved with the position. */
  moved(held: HeldPartition, reason: Discontinuity): void;
  failed(error: KafkaError): void;
}

/**
 * Moves positions of partitions that are already held: seeks, resets after an offset that is out of range, truncation, a topic
 * that was created anew, and the rewind to the first unsettled record after a release. Each move starts a new delivery epoch; a
 * reply that finds its partition ended, or moved by something later, changes nothing.
 */
export class PositionKeeper {
  readonly #host: PositionKeeperHost;
  readonly #starts: StartPositions;
  readonly #committed: OffsetSource | null;
  readonly #seeks: PendingSeeks;
  readonly #waiters: PositionWaiters;
  /** Trouble that a pending seek is going to end; dealt with if the seek comes to nothing. */
  readonly #trouble: Map<HeldPartition, PositionTrouble> = new Map<HeldPartition, PositionTrouble>();

  constructor(host: PositionKeeperHost, starts: StartPositions, committed: OffsetSource | null) {
    this.#host = host;
    this.#starts = starts;
    this.#committed = committed;
    this.#waiters = new PositionWaiters(host.runtime);
    this.#seeks = new PendingSeeks({
      runtime: host.runtime,
      found: (held, to) => {
        this.move(held, to.offset, to.leaderEpoch ?? -1, 'seek');
      },
      abandoned: (held) => {
        const why = this.#trouble.get(held);
        this.#trouble.delete(held);
        if (held.cursor.position < 0) this.#start(held);
        else if (why !== undefined) this.invalid(held, why);
      },
    });
  }

  /** To a known offset, at once. */
  move(held: HeldPartition, offset: number, leaderEpoch: number, reason: Discontinuity, truncatedAt?: number): void {
    const from = held.cursor.position;
    held.positioned = true;
    this.#trouble.delete(held);
    if (reason === 'seek') this.#seeks.overtaken(held, offset);
    held.cursor.moveTo(offset, leaderEpoch);
    this.#host.moved(held, reason);
    // a start is no jump, unless what the group had committed is not in the log any more
    if (from < 0 || (held.state === 'resolving' && reason !== 'truncated')) return;
    const { topic, partition } = held;
    const truncated = truncatedAt === undefined ? {} : { truncatedAt };
    this.#host.event({ type: 'discontinuity', topic, partition, from, to: offset, reason, ...truncated });
  }

  /** Back to the first record that was not settled, as if nothing after it had been delivered. */
  rewind(held: HeldPartition): void {
    const value = held.cursor.commitValue;
    if (value !== null && held.state === 'active') this.move(held, value.offset, value.leaderEpoch, 'abort');
  }

  /** `done` with the offset gone to; with a later seek in between, with the offset that one went to. */
  seek(held: HeldPartition, target: SeekTarget, done: Done<number>): Cancel {
    const { topic, partition } = held;
    const { runtime } = this.#host;
    if (held.state === 'draining' || held.state === 'ended') {
      const error = new UsageError(`Partition ${partition} of ${topic} is being given up`, { topic, partition });
      return hop(runtime, () => {
        done(error, null);
      });
    }
    if (typeof target === 'number') {
      this.move(held, target, -1, 'seek');
      return hop(runtime, () => {
        done(null, target);
      });
    }
    // a start position that is still looked up is of no interest any more, and that there is none is no failure
    held.positioned = true;
    return this.#seeks.begin(
      held,
      (answer) =>
        this.#find(held, target, (error, offsets) => {
          const found = offsets?.[0] ?? null;
          if (found !== null) answer(null, found);
          else answer(error ?? new BrokerError(ErrorCode.OFFSET_NOT_AVAILABLE, 'Seek found no offset'), null);
        }),
      done,
    );
  }

  /** `done` with the next offset to deliver, once it is known and no seek is under way. */
  known(held: HeldPartition, done: Done<number>): Cancel {
    if (held.cursor.position < 0 || this.#seeks.has(held)) return this.#waiters.add(held, done);
    return hop(this.#host.runtime, () => {
      done(null, held.cursor.position);
    });
  }

  /** The cursor told a change, in a turn of its own. */
  settled(held: HeldPartition): void {
    const { position } = held.cursor;
    if (position >= 0 && !this.#seeks.has(held)) this.#waiters.known(held, position);
  }

  /** Whoever waits for something of this partition waits in vain. */
  ended(held: HeldPartition): void {
    this.#trouble.delete(held);
    this.#seeks.ended(held);
    this.#waiters.ended(held);
  }

  /** The cursor stands still and asks where to go. */
  invalid(held: HeldPartition, why: PositionTrouble): void {
    if (why === 'released') {
      // the cursor has waited for its other leases and for a back-off
      this.rewind(held);
    } else if (this.#seeks.has(held)) this.#trouble.set(held, why);
    else if (why === 'truncated' && held.cursor.fetch.divergesAt >= 0) this.#truncated(held);
    else this.#reset(held, why);
  }

  /**
   * The leader's log differs from what was read, from `divergesAt` on (KIP-320). What was delivered and not settled below that
   * offset comes again; when nothing was delivered from behind it, only the buffer is wrong, and no lease is touched.
   */
  #truncated(held: HeldPartition): void {
    const { cursor, topic, partition } = held;
    const { divergesAt, divergesEpoch } = cursor.fetch;
    if (cursor.position <= divergesAt) {
      cursor.refetch();
      return;
    }
    if (this.#starts.policy === 'none') {
      const message = `The log of ${topic}-${partition} was truncated at offset ${divergesAt}, below the position ${cursor.position}, and autoOffsetReset is 'none', seek or choose another policy`;
      this.#host.failed(new OffsetResetError(message, { topic, partition, offset: divergesAt }));
      return;
    }
    const value = cursor.commitValue;
    const kept = value !== null && value.offset <= divergesAt;
    if (kept) this.move(held, value.offset, value.leaderEpoch, 'truncated', divergesAt);
    else this.move(held, divergesAt, divergesEpoch, 'truncated', divergesAt);
  }

  /**
   * By the reset policy. A topic that was created anew is read from its beginning: all of it was written after this consumer
   * had its position.
   */
  #reset(held: HeldPartition, why: Exclude<PositionTrouble, 'released'>): void {
    const { topic, partition, cursor } = held;
    const epoch = cursor.deliveryEpoch;
    const offset = cursor.position;
    const cause = new BrokerError(ErrorCode.OFFSET_OUT_OF_RANGE, `Position ${offset}`, { topic, partition, offset });
    const answer: Done<OffsetList> = (error, offsets) => {
      if (held.state === 'ended' || cursor.deliveryEpoch !== epoch) return;
      const found = offsets?.[0];
      if (found !== undefined) {
        this.move(held, found.offset, found.leaderEpoch ?? -1, why === 'outOfRange' ? 'reset' : why);
      } else if (this.#seeks.has(held)) this.#trouble.set(held, why);
      else this.#host.failed(error ?? cause);
    };
    if (why === 'recreated' && this.#starts.policy !== 'none') this.#starts.lookUp([held], earliestTimestamp, answer);
    else this.#starts.reset([held], cause, answer);
  }

  /** A seek came before the start position was known, and led nowhere. */
  #start(held: HeldPartition): void {
    const epoch = held.cursor.deliveryEpoch;
    const answer: Done<OffsetList> = (error, offsets) => {
      if (held.state === 'ended' || held.cursor.deliveryEpoch !== epoch) return;
      const found = offsets?.[0];
      if (found !== undefined) this.move(held, found.offset, found.leaderEpoch ?? -1, 'reset');
      else if (error !== null) this.#host.failed(error);
    };
    if (this.#committed === null) this.#starts.reset([held], null, answer);
    else this.#find(held, 'committed', answer);
  }

  #find(held: HeldPartition, target: Exclude<SeekTarget, number>, done: Done<OffsetList>): Cancel {
    if (target === 'beginning') return this.#starts.lookUp([held], earliestTimestamp, done);
    if (target === 'end') return this.#starts.lookUp([held], latestTimestamp, done);
    if (target !== 'committed') return this.#starts.lookUp([held], target.timestamp, done);
    if (this.#committed === null) {
      return hop(this.#host.runtime, () => {
        done(new UsageError('A consumer without groupId has no committed offsets, give it a groupId'), null);
      });
    }
    return lookUpCommitted(this.#host.runtime, held, this.#committed, (error, offsets) => {
      if (offsets === null) done(error, null);
      else if (offsets.length > 0) done(null, offsets);
      // never committed: where the partition would start
      else this.#starts.reset([held], null, done);
    });
  }
}
