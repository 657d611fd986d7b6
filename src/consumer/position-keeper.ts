import { BrokerError } from '../errors/broker-error.js';
import { ErrorCode } from '../errors/broker-error-codes.js';
import { type KafkaError } from '../errors/kafka-error.js';
import { type ConsumerEvent, type SeekTarget } from '../model/consumer.js';
import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type OffsetList } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';
import { type PositionTrouble } from './flow-options.js';
import { type HeldPartition } from './held-partition.js';
import { type CommittedReader, earliestTimestamp, latestTimestamp, type StartPositions } from './start-positions.js';

type Discontinuity = Extract<ConsumerEvent, { readonly type: 'discontinuity' }>['reason'];

/** What moving positions needs from its session. */
export interface PositionKeeperHost {
  readonly runtime: Runtime;
  event(event: ConsumerEvent): void;
  /** The commit value moved with the position. */
  moved(held: HeldPartition): void;
  failed(error: KafkaError): void;
}

/**
 * Moves positions of partitions that are already held: seeks, resets after an offset that is out of range, and the rewind to
 * the first unsettled record after a release. Each move starts a new delivery epoch; a reply that finds its partition ended,
 * or moved by something later, changes nothing.
 */
export class PositionKeeper {
  readonly #host: PositionKeeperHost;
  readonly #starts: StartPositions;
  readonly #committed: CommittedReader | null;

  constructor(host: PositionKeeperHost, starts: StartPositions, committed: CommittedReader | null) {
    this.#host = host;
    this.#starts = starts;
    this.#committed = committed;
  }

  /** To a known offset, at once. */
  move(held: HeldPartition, offset: number, leaderEpoch: number, reason: Discontinuity): void {
    const from = held.cursor.position;
    held.positioned = true;
    held.cursor.moveTo(offset, leaderEpoch);
    this.#host.moved(held);
    if (from < 0 || held.state === 'resolving') return;
    this.#host.event({ type: 'discontinuity', topic: held.topic, partition: held.partition, from, to: offset, reason });
  }

  /** Back to the first record that was not settled, as if nothing after it had been delivered. */
  rewind(held: HeldPartition): void {
    const value = held.cursor.commitValue;
    if (value !== null && held.state === 'active') this.move(held, value.offset, value.leaderEpoch, 'abort');
  }

  seek(held: HeldPartition, target: SeekTarget, done: Done<number>): Cancel {
    if (typeof target === 'number') {
      this.move(held, target, -1, 'seek');
      return hop(this.#host.runtime, () => {
        done(null, target);
      });
    }
    const epoch = held.cursor.deliveryEpoch;
    return this.#find(held, target, (error, offsets) => {
      const found = offsets?.[0];
      if (found === undefined) {
        done(error ?? new BrokerError(ErrorCode.OFFSET_NOT_AVAILABLE, 'Seek found no offset'), null);
        return;
      }
      // last seek wins: one that came while this was looked up stands
      if (held.cursor.deliveryEpoch === epoch && held.state !== 'ended') {
        this.move(held, found.offset, found.leaderEpoch ?? -1, 'seek');
      }
      done(null, found.offset);
    });
  }

  /** The cursor stands still and asks where to go. */
  invalid(held: HeldPartition, why: PositionTrouble): void {
    if (why === 'released') {
      // the cursor has waited for its other leases and for a back-off
      this.rewind(held);
      return;
    }
    const epoch = held.cursor.deliveryEpoch;
    const cause = new BrokerError(ErrorCode.OFFSET_OUT_OF_RANGE, `Position ${held.cursor.position}`, {
      topic: held.topic,
      partition: held.partition,
      offset: held.cursor.position,
    });
    this.#starts.reset([held], cause, (error, offsets) => {
      if (held.state === 'ended' || held.cursor.deliveryEpoch !== epoch) return;
      const found = offsets?.[0];
      if (found === undefined) {
        this.#host.failed(error ?? cause);
        return;
      }
      const reason = why === 'outOfRange' ? 'reset' : why;
      this.move(held, found.offset, found.leaderEpoch ?? -1, reason);
    });
  }

  #find(held: HeldPartition, target: Exclude<SeekTarget, number>, done: Done<OffsetList>): Cancel {
    if (target === 'beginning') return this.#starts.lookUp([held], earliestTimestamp, done);
    if (target === 'end') return this.#starts.lookUp([held], latestTimestamp, done);
    if (target !== 'committed') return this.#starts.lookUp([held], target.timestamp, done);
    if (this.#committed === null) {
      return hop(this.#host.runtime, () => {
        this.#starts.reset([held], null, done);
      });
    }
    return this.#committed.fetch([{ topic: held.topic, partition: held.partition }], (error, offsets) => {
      if (offsets === null) done(error, null);
      else if (offsets.length > 0) done(null, offsets);
      else this.#starts.reset([held], null, done);
    });
  }
}
