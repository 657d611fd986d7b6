/** States of a transaction, by the names DescribeTransactions tells. @internal */
export type TransactionState =
  'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort';

/** A producer id with its epoch. @internal */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** A partition that takes part. @internal */
export interface TransactionPartition {
  readonly topic: string;
  readonly index: number;
}

/** The last epoch an id may have: the next one is for fencing only. */
const lastEpoch = 32766;

/** What the coordinator knows of one transactional id. @internal */
export class Transaction {
  readonly id: string;
  producerId: number;
  producerEpoch = -1;
  lastProducerEpoch = -1;
  previousProducerId = -1;
  timeoutMs: number;
  state: TransactionState = 'Empty';
  /** Ended by the second version of the protocol: every end raised the epoch (KIP-890). */
  raisesEpochs = false;
  readonly partitions: Map<string, TransactionPartition> = new Map<string, TransactionPartition>();
  /** Groups whose offsets it carries. */
  readonly groups: Set<string> = new Set<string>();
  /** Milliseconds of the runtime's clock, and of the wall clock. */
  startedAt = -1;
  startedWall = -1;

  constructor(id: string, producerId: number, timeoutMs: number) {
    this.id = id;
    this.producerId = producerId;
    this.timeoutMs = timeoutMs;
  }

  get isEnding(): boolean {
    return this.state === 'PrepareCommit' || this.state === 'PrepareAbort';
  }

  get isExhausted(): boolean {
    return this.producerEpoch >= lastEpoch;
  }

  get identity(): ProducerIdentity {
    return { producerId: this.producerId, producerEpoch: this.producerEpoch };
  }

  /** Whether a producer that names this id may be the one before; a new transactional id takes everybody. */
  isOf(producerId: number): boolean {
    return this.producerEpoch < 0 || producerId === this.producerId || producerId === this.previousProducerId;
  }

  isAt(producerEpoch: number): boolean {
    return this.producerEpoch < 0 || [this.producerEpoch, this.lastProducerEpoch].includes(producerEpoch);
  }

  /** Whether this epoch is the one before the last end: a repeated EndTxn whose answer was lost. */
  isRetryOf(producerId: number, producerEpoch: number): boolean {
    if (!this.raisesEpochs) return false;
    if (producerId === this.producerId) return this.producerEpoch === producerEpoch + 1;
    return producerId === this.previousProducerId && producerEpoch >= lastEpoch && this.producerEpoch === 0;
  }

  begin(now: number, wall: number): void {
    if (this.state === 'Ongoing') return;
    this.state = 'Ongoing';
    this.startedAt = now;
    this.startedWall = wall;
  }

  /** The next epoch, or a new id when there is none left. */
  raise(nextProducerId: () => number): void {
    this.lastProducerEpoch = this.producerEpoch;
    this.previousProducerId = this.producerId;
    if (this.isExhausted) {
      this.producerId = nextProducerId();
      this.producerEpoch = 0;
    } else this.producerEpoch++;
  }
}
