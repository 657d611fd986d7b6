import { code, none } from '../codes.js';
import { type BatchHeader } from '../../../codecs/record-batch-reader.js';
import { lastSequence } from './stored-batch.js';

interface KnownBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestamp: number;
}

interface KnownProducer {
  epoch: number;
  /** The last five batches of this epoch: what a retry may repeat. */
  batches: KnownBatch[];
  coordinatorEpoch: number;
  /** First offset of the open transaction, -1 for none. */
  openSince: number;
}

/** The lowest sequence of a producer whose place in a transaction is asked for. */
interface Verified {
  readonly epoch: number;
  lowest: number;
  /** A transaction of the second protocol begins under an epoch of its own, with sequence 0. */
  readonly raisesEpochs: boolean;
}

/** What a partition knows of one producer, for DescribeProducers. @internal */
export interface ProducerFacts {
  readonly producerId: number;
  readonly epoch: number;
  readonly lastSequence: number;
  readonly lastTimestamp: number;
  readonly coordinatorEpoch: number;
  readonly openSince: number;
}

/** The answer to a batch before it is appended. @internal */
export type SequenceCheck =
  | { readonly errorCode: 0; readonly duplicateOf: number | null }
  | { readonly errorCode: number; readonly duplicateOf: null };

/** Batches of a producer that a broker remembers to tell a retry from a gap (KIP-98, KIP-679). */
const remembered = 5;
const noSequence = -1;
const invalidProducerEpoch = code('INVALID_PRODUCER_EPOCH');
const outOfOrder = code('OUT_OF_ORDER_SEQUENCE_NUMBER');

/** Producer state of one partition: epochs, sequences and open transactions, as `ProducerStateManager` keeps them. @internal */
export class ProducerTable {
  readonly #producers = new Map<number, KnownProducer>();
  readonly #verified = new Map<number, Verified>();

  /**
   * The coordinator is asked whether a batch may begin a transaction here. Until one of the producer is appended, nothing behind the
   * first sequence that was asked for is: a batch whose predecessor was refused meanwhile would be a gap (KIP-890).
   */
  verifying({ producerId, producerEpoch, baseSequence }: BatchHeader, raisesEpochs: boolean): void {
    const known = this.#verified.get(producerId);
    if (known === undefined || producerEpoch > known.epoch) {
      this.#verified.set(producerId, { epoch: producerEpoch, lowest: baseSequence, raisesEpochs });
    } else if (producerEpoch === known.epoch) known.lowest = Math.min(known.lowest, baseSequence);
  }

  /** Checks a batch of an idempotent producer against what is known of it. */
  check(header: BatchHeader): SequenceCheck {
    const known = this.#producers.get(header.producerId);
    if (known !== undefined && header.producerEpoch < known.epoch) return ofOldEpoch;
    const repeated = known === undefined ? undefined : repeatedBatch(known, header);
    if (repeated !== undefined) return { errorCode: none, duplicateOf: repeated.baseOffset };
    const verified = this.#verified.get(header.producerId);
    if (header.baseSequence > (verified?.lowest ?? Infinity)) return outOfSequence;
    if (known === undefined)
      return verified?.raisesEpochs === true && header.baseSequence > 0 ? outOfSequence : accepted;
    if (header.producerEpoch > known.epoch) return header.baseSequence === 0 ? accepted : outOfSequence;
    const expectedAfter = known.batches.at(-1)?.lastSequence ?? noSequence;
    return follows(expectedAfter, header.baseSequence) ? accepted : outOfSequence;
  }

  /** Whether an end marker of that epoch may be written. */
  checkMarker(producerId: number, producerEpoch: number): number {
    const known = this.#producers.get(producerId);
    return known !== undefined && producerEpoch < known.epoch ? invalidProducerEpoch : none;
  }

  appended(header: BatchHeader, baseOffset: number, lastOffset: number): void {
    const known = this.#known(header.producerId, header.producerEpoch);
    known.batches.push({
      firstSequence: header.baseSequence,
      lastSequence: lastSequence(header),
      baseOffset,
      lastOffset,
      timestamp: header.maxTimestamp,
    });
    if (known.batches.length > remembered) known.batches.shift();
    if (!header.isTransactional) return;
    this.#verified.delete(header.producerId);
    if (known.openSince < 0) known.openSince = baseOffset;
  }

  /** An end marker was written: the first offset of the transaction it ended, -1 when none was open. */
  ended(producerId: number, producerEpoch: number, coordinatorEpoch: number): number {
    const known = this.#known(producerId, producerEpoch);
    known.coordinatorEpoch = coordinatorEpoch;
    const { openSince } = known;
    known.openSince = -1;
    this.#verified.delete(producerId);
    return openSince;
  }

  /** First offset of the oldest open transaction, null for none. */
  firstOpen(): number | null {
    let first: number | null = null;
    for (const { openSince } of this.#producers.values()) {
      if (openSince >= 0 && (first === null || openSince < first)) first = openSince;
    }
    return first;
  }

  isOpen(producerId: number): boolean {
    return (this.#producers.get(producerId)?.openSince ?? -1) >= 0;
  }

  epochOf(producerId: number): number {
    return this.#producers.get(producerId)?.epoch ?? -1;
  }

  list(): ProducerFacts[] {
    return [...this.#producers].map(([producerId, known]) => ({
      producerId,
      epoch: known.epoch,
      lastSequence: known.batches.at(-1)?.lastSequence ?? noSequence,
      lastTimestamp: known.batches.at(-1)?.timestamp ?? -1,
      coordinatorEpoch: known.coordinatorEpoch,
      openSince: known.openSince,
    }));
  }

  clear(): void {
    this.#producers.clear();
    this.#verified.clear();
  }

  #known(producerId: number, epoch: number): KnownProducer {
    let known = this.#producers.get(producerId);
    if (known === undefined) {
      known = { epoch, batches: [], coordinatorEpoch: -1, openSince: -1 };
      this.#producers.set(producerId, known);
    } else if (known.epoch !== epoch) {
      known.epoch = epoch;
      known.batches = [];
    }
    return known;
  }
}

const ofOldEpoch: SequenceCheck = { errorCode: invalidProducerEpoch, duplicateOf: null };
const accepted: SequenceCheck = { errorCode: none, duplicateOf: null };
const outOfSequence: SequenceCheck = { errorCode: outOfOrder, duplicateOf: null };

function follows(last: number, next: number): boolean {
  return next === last + 1 || (next === 0 && last === 2147483647);
}

function repeatedBatch(known: KnownProducer, header: BatchHeader): KnownBatch | undefined {
  if (known.epoch !== header.producerEpoch) return undefined;
  const last = lastSequence(header);
  return known.batches.find((batch) => batch.firstSequence === header.baseSequence && batch.lastSequence === last);
}
