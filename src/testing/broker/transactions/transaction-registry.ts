import { type BatchHeader } from '../../../codecs/record-batch-reader.js';
import {
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '../../../protocol/messages/init-producer-id.js';
import { Timer } from '../../../runtime/timer.js';
import { type BrokerNode } from '../broker-node.js';
import { type Answer, type Call } from '../call.js';
import { type ClusterState } from '../cluster-state.js';
import { code, none } from '../codes.js';
import { transactionsTopic } from '../internal-topics.js';
import { type Partition } from '../topic.js';
import { MarkerWriter } from './marker-writer.js';
import { type ProducerIdentity, Transaction, type TransactionPartition } from './transaction.js';

/** The answer to EndTxn. @internal */
export interface EndResult extends ProducerIdentity {
  readonly errorCode: number;
}

const notCoordinator = code('NOT_COORDINATOR');
const invalidRequest = code('INVALID_REQUEST');
const invalidTimeout = code('INVALID_TRANSACTION_TIMEOUT');
const invalidMapping = code('INVALID_PRODUCER_ID_MAPPING');
const invalidEpoch = code('INVALID_PRODUCER_EPOCH');
const invalidState = code('INVALID_TXN_STATE');
const producerFenced = code('PRODUCER_FENCED');
const concurrent = code('CONCURRENT_TRANSACTIONS');
const abortable = code('TRANSACTION_ABORTABLE');
const nobody = { producerId: -1, producerEpoch: -1 };
const firstFencedInit = 4;
/** Produce and TxnOffsetCommit of this version belong to the second transaction protocol: they add what they write to. */
const firstImplicitProduce = 12;
const firstImplicitOffsets = 5;
/** Their first version that tells TRANSACTION_ABORTABLE. */
const firstAbortableProduce = 11;
const firstAbortableOffsets = 4;

/**
 * The transaction coordinators of the cluster (KIP-98, KIP-360, KIP-890).
 *
 * Empty -> Ongoing (a partition or group was added) -> PrepareCommit or PrepareAbort (EndTxn, a new instance, the timeout)
 * -> CompleteCommit or CompleteAbort (every marker is written) -> Ongoing. While it prepares, whoever wants to go on is told
 * CONCURRENT_TRANSACTIONS. @internal
 */
export class TransactionRegistry {
  readonly transactions: Map<string, Transaction> = new Map<string, Transaction>();
  readonly #cluster: ClusterState;
  readonly #markers: MarkerWriter;
  readonly #scan: Timer;

  constructor(cluster: ClusterState) {
    this.#cluster = cluster;
    this.#markers = new MarkerWriter(cluster);
    this.#scan = new Timer(cluster.runtime, () => {
      this.#abortTimedOut();
    });
  }

  /** Whether this broker coordinates the transactional id. */
  coordinatorError(broker: BrokerNode, id: string): number {
    if (id === '') return invalidRequest;
    return this.#cluster.coordinatorOf(transactionsTopic, id) === broker.id ? none : notCoordinator;
  }

  /** InitProducerId of a transactional id: fences the instance before and ends what it left open. */
  init({ body, broker, version }: Call<InitProducerIdRequest>, answer: Answer<InitProducerIdResponse>): void {
    const id = body.transactionalId!;
    const refuse = (errorCode: number): void => {
      const told = errorCode === producerFenced && version < firstFencedInit ? invalidEpoch : errorCode;
      answer({ errorCode: told, ...nobody });
    };
    const error = this.coordinatorError(broker, id);
    const longest = this.#cluster.settings.properties['transaction.max.timeout.ms'];
    if (error !== none) {
      refuse(error);
      return;
    }
    if (body.transactionTimeoutMs <= 0 || body.transactionTimeoutMs > longest) {
      refuse(invalidTimeout);
      return;
    }
    let transaction = this.transactions.get(id);
    if (transaction === undefined) {
      transaction = new Transaction(id, this.#cluster.nextProducerId(), body.transactionTimeoutMs);
      this.transactions.set(id, transaction);
    }
    const expected = body.producerId >= 0 ? { producerId: body.producerId, producerEpoch: body.producerEpoch } : null;
    if (transaction.isEnding) {
      refuse(concurrent);
      return;
    }
    if (expected !== null && !transaction.isOf(expected.producerId)) {
      refuse(producerFenced);
      return;
    }
    if (transaction.state === 'Ongoing') {
      // the instance before is fenced by its epoch, whatever epoch this one names; it comes again until the abort is complete
      this.#fenceAndAbort(transaction);
      refuse(concurrent);
      return;
    }
    if (expected !== null && !transaction.isAt(expected.producerEpoch)) {
      refuse(producerFenced);
      return;
    }
    transaction.timeoutMs = body.transactionTimeoutMs;
    transaction.state = 'Empty';
    transaction.startedWall = -1;
    // an answer that was lost is given again: the client names the epoch before
    const repeated = expected !== null && expected.producerEpoch === transaction.lastProducerEpoch;
    if (!repeated) transaction.raise(() => this.#cluster.nextProducerId());
    if (expected === null) transaction.lastProducerEpoch = -1;
    answer({ errorCode: none, ...transaction.identity });
  }

  /** AddPartitionsToTxn. */
  add(id: string, identity: ProducerIdentity, partitions: readonly TransactionPartition[]): number {
    const transaction = this.#own(id, identity);
    if (typeof transaction === 'number') return transaction;
    if (transaction.isEnding) return concurrent;
    for (const partition of partitions) transaction.partitions.set(`${partition.topic}/${partition.index}`, partition);
    this.#begin(transaction);
    return none;
  }

  /** AddOffsetsToTxn. */
  addGroup(id: string, identity: ProducerIdentity, groupId: string): number {
    const transaction = this.#own(id, identity);
    if (typeof transaction === 'number') return transaction;
    if (transaction.isEnding) return concurrent;
    transaction.groups.add(groupId);
    this.#begin(transaction);
    return none;
  }

  /** Whether the partitions are part of the open transaction, without adding them (KIP-890). */
  verify(id: string, identity: ProducerIdentity, partition: TransactionPartition): number {
    const transaction = this.#own(id, identity);
    if (typeof transaction === 'number') return transaction;
    if (transaction.isEnding) return concurrent;
    return transaction.partitions.has(`${partition.topic}/${partition.index}`) ? none : abortable;
  }

  /** What the leader of a partition asks before it appends a batch of a transaction. */
  admit(version: number, id: string, header: BatchHeader, { topic, index, log }: Partition): number {
    const { producerId, producerEpoch } = header;
    // the coordinator need not be asked again within a transaction
    const known = log.producers.epochOf(producerId);
    if (producerEpoch < known) return invalidEpoch;
    if (log.producers.isOpen(producerId) && known === producerEpoch) return none;
    const partition = { topic: topic.name, index };
    log.producers.verifying(header, version >= firstImplicitProduce);
    if (version >= firstImplicitProduce) return toldByLeader(this.add(id, header, [partition]), true);
    return toldByLeader(this.verify(id, header, partition), version >= firstAbortableProduce);
  }

  /** The same for a group coordinator that is to keep offsets of a transaction. */
  admitOffsets(version: number, id: string, identity: ProducerIdentity, groupId: string): number {
    if (version >= firstImplicitOffsets) return toldByLeader(this.addGroup(id, identity, groupId), true);
    const transaction = this.#own(id, identity);
    const told = (errorCode: number): number => toldByLeader(errorCode, version >= firstAbortableOffsets);
    if (typeof transaction === 'number') return told(transaction);
    if (transaction.isEnding) return concurrent;
    return transaction.groups.has(groupId) ? none : told(abortable);
  }

  /** EndTxn. `raises`: the second version of the protocol, every end brings the next epoch. */
  end(id: string, { producerId, producerEpoch }: ProducerIdentity, committed: boolean, raises: boolean): EndResult {
    const refuse = (errorCode: number): EndResult => ({ errorCode, ...nobody });
    const transaction = this.transactions.get(id);
    if (transaction === undefined) return refuse(invalidMapping);
    const { state } = transaction;
    const retry =
      raises && state !== 'Ongoing' && state !== 'Empty' && transaction.isRetryOf(producerId, producerEpoch);
    if (transaction.producerId !== producerId && !retry) return refuse(invalidMapping);
    if (transaction.producerEpoch !== producerEpoch && !retry) return refuse(producerFenced);
    // its markers are on their way: whoever ends anything waits, be it the same end once more, the other, or that of the next transaction
    if (transaction.isEnding) return refuse(concurrent);
    if (state === 'Ongoing') {
      this.#finish(transaction, committed, raises);
      return { errorCode: none, ...transaction.identity };
    }
    const repeated = state === (committed ? 'CompleteCommit' : 'CompleteAbort');
    if (repeated && (retry || !raises)) return { errorCode: none, ...transaction.identity };
    if (raises && !committed && !retry) {
      // nothing was written: the abort only raises the epoch
      this.#finish(transaction, false, true);
      return { errorCode: none, ...transaction.identity };
    }
    return refuse(invalidState);
  }

  /** The partition of the transactions topic has another leader: it finds everything, and goes on with markers. */
  coordinatorMoved(_index: number): void {
    this.#markers.retry();
  }

  /** Transactional ids that the broker coordinates. */
  of(broker: BrokerNode): Transaction[] {
    return [...this.transactions.values()].filter(({ id }) => this.coordinatorError(broker, id) === none);
  }

  stop(): void {
    this.#scan.clear();
    this.#markers.stop();
  }

  /** The transaction, when this producer may go on with it. */
  #own(id: string, { producerId, producerEpoch }: ProducerIdentity): Transaction | number {
    const transaction = this.transactions.get(id);
    if (transaction === undefined || transaction.producerId !== producerId) return invalidMapping;
    return transaction.producerEpoch === producerEpoch ? transaction : producerFenced;
  }

  #begin(transaction: Transaction): void {
    const { runtime, settings } = this.#cluster;
    transaction.begin(runtime.now(), runtime.wallClock());
    if (this.#scan.armed) return;
    // the scan has its own beat, whenever transactions begin
    const interval = settings.properties['transaction.abort.timed.out.transaction.cleanup.interval.ms'];
    this.#scan.set(interval - (Math.floor(runtime.now()) % interval));
  }

  #abortTimedOut(): void {
    const now = this.#cluster.runtime.now();
    let open = false;
    for (const transaction of this.transactions.values()) {
      if (transaction.state !== 'Ongoing') continue;
      if (now - transaction.startedAt >= transaction.timeoutMs) this.#fenceAndAbort(transaction);
      else open = true;
    }
    const interval = this.#cluster.settings.properties['transaction.abort.timed.out.transaction.cleanup.interval.ms'];
    if (open) this.#scan.set(interval);
  }

  /** Aborts under the next epoch, so that whoever had the old one cannot go on; the second protocol raises it anyway. */
  #fenceAndAbort(transaction: Transaction): void {
    const raises = this.#cluster.feature('transaction.version') >= 2;
    if (!raises) {
      transaction.producerEpoch++;
      transaction.lastProducerEpoch = -1;
    }
    this.#finish(transaction, false, raises);
  }

  /** The decision is written: from here on it cannot be changed, and the markers follow. */
  #finish(transaction: Transaction, committed: boolean, raises: boolean): void {
    transaction.state = committed ? 'PrepareCommit' : 'PrepareAbort';
    transaction.raisesEpochs = raises;
    // markers carry the new epoch, so that a late batch of the old one is refused by the leader
    const marked = raises
      ? { producerId: transaction.producerId, producerEpoch: transaction.producerEpoch + 1 }
      : transaction.identity;
    if (raises) transaction.raise(() => this.#cluster.nextProducerId());
    this.#markers.write(transaction, marked, committed);
  }
}

/** Errors of the coordinator as a leader passes them on: an old producer is not told that it is fenced (KIP-890). */
function toldByLeader(errorCode: number, knowsAbortable: boolean): number {
  if (errorCode === producerFenced) return invalidEpoch;
  return errorCode === abortable && !knowsAbortable ? invalidState : errorCode;
}
