import { type Cluster } from '../../cluster/cluster.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { type GroupMetadata } from '../../model/commit.js';
import { type OffsetList } from '../../model/topic-partition.js';
import { backoffMs } from '../../runtime/backoff.js';
import { Timer } from '../../runtime/timer.js';
import { StepQueue } from './step-queue.js';
import { abortable, type Verdict } from './transaction-errors.js';
import { type TransactionIdentity } from './transaction-identity.js';
import { TransactionRequests } from './transaction-requests.js';

type Ended = (verdict: Verdict, error: KafkaError | null) => void;

/**
 * What one slot has to settle with coordinators, in both protocols. Fixed when a transaction begins: with the feature
 * `transaction.version` finalized at 2 (KIP-890) leaders and group coordinators bring partitions and groups into the transaction
 * by themselves, and each EndTxn gives the next epoch; otherwise partitions and groups are added first, and the epoch stays
 * until a sequence number was lost.
 */
export class SlotCoordination {
  readonly #cluster: Cluster;
  readonly #identity: TransactionIdentity;
  readonly #requests: TransactionRequests;
  readonly #steps: StepQueue;
  readonly #again: Timer;
  /** Groups of the open transaction, which the older protocol adds once each. */
  readonly #groups: Set<string> = new Set<string>();
  /** The coordinator does not know the id any more: it takes no EndTxn. */
  #forgotten = false;
  /** Another epoch has to follow the transaction: sequence numbers of this one are lost, or offsets under it may come late. */
  #usedUp = false;
  #bumps = 0;
  /** Waits for the next epoch. */
  #renewed: Ended | null = null;

  constructor(cluster: Cluster, identity: TransactionIdentity, transactionTimeoutMs: number) {
    this.#cluster = cluster;
    this.#identity = identity;
    this.#requests = new TransactionRequests(identity, transactionTimeoutMs);
    this.#steps = new StepQueue(cluster);
    this.#again = new Timer(cluster.runtime, () => {
      this.#bump();
    });
  }

  /** A producer id, within that time. Anything but `fatal` may succeed with another try. */
  start(timeoutMs: number, ended: Ended): void {
    this.#steps.add(
      this.#requests.initialise(
        timeoutMs,
        (answer) => {
          this.#adopt(answer);
        },
        ended,
      ),
    );
  }

  /** Nobody waits for the producer id any more. */
  giveUp(): void {
    this.#steps.giveUp(abortable('Nobody waits for the producer id any more', null));
  }

  begin(): void {
    this.#groups.clear();
    this.#forgotten = false;
    this.#usedUp = false;
    this.#identity.begin(this.#cluster.finalizedFeature('transaction.version') >= 2);
  }

  /** Those that the identity has gathered, in one request. */
  addPartitions(ended: Ended): void {
    const partitions = this.#identity.takeWanted();
    this.#steps.add(
      this.#requests.addPartitions(partitions, (verdict, error) => {
        if (verdict === 'done') this.#identity.added(partitions);
        this.#ended(verdict, error, ended);
      }),
    );
  }

  /** @param ended - of each request that fails, and once of the last one */
  addOffsets(offsets: OffsetList, group: GroupMetadata, ended: Ended): void {
    const { groupId } = group;
    this.#identity.started = true;
    let failed = false;
    if (!this.#identity.implicit && !this.#groups.has(groupId)) {
      this.#groups.add(groupId);
      this.#steps.add(
        this.#requests.addOffsets(groupId, (verdict, error) => {
          if (verdict === 'done') return;
          failed = true;
          this.#ended(verdict, error, ended);
        }),
      );
    }
    this.#steps.add(
      this.#requests.commitOffsets(
        offsets,
        group,
        () => {
          // the newer protocol has another epoch for the next transaction anyway
          if (!this.#identity.implicit) this.#usedUp = true;
        },
        (verdict, error) => {
          if (!failed) this.#ended(verdict, error, ended);
        },
      ),
    );
  }

  /**
   * Behind everything that is under way. A transaction of which no broker knows ends here.
   *
   * Race, older protocol: the epoch stays, so a TxnOffsetCommit that was left unanswered and tried again may reach the group
   * coordinator in the next transaction, and would be committed by that one: offsets that went back. So the next epoch is taken
   * first; what is late is refused then. The commit itself is beyond doubt by that time: a broker without KIP-360, or another
   * producer that took over, does not undo it, and the next transaction meets what there is to meet.
   */
  commit(ended: Ended): void {
    if (!this.#identity.started) {
      ended('done', null);
      return;
    }
    this.#steps.add(
      this.#requests.end(
        true,
        (answer) => {
          this.#adoptEnd(answer);
        },
        (verdict, error) => {
          if (verdict === 'done' && this.#usedUp) {
            this.#renewed = () => {
              ended('done', null);
            };
            this.#bump();
          } else this.#ended(verdict, error, ended);
        },
      ),
    );
  }

  /** Goes on until it is `done` or `fatal`. */
  abort(ended: Ended): void {
    if (!this.#identity.started && !this.#usedUp) {
      ended('done', null);
      return;
    }
    this.#renewed = ended;
    if (this.#forgotten || !this.#identity.started) {
      this.#bump();
      return;
    }
    this.#steps.add(
      this.#requests.end(
        false,
        (answer) => {
          this.#adoptEnd(answer);
        },
        (verdict, error) => {
          const onlyNow = verdict === 'done' && (this.#identity.implicit || !this.#usedUp);
          if (onlyNow || verdict === 'fatal') this.#tellRenewed(verdict, error);
          // INVALID_TXN_STATE and the like: nothing is open there; whatever there is, the next epoch ends it
          else this.#bump();
        },
      ),
    );
  }

  /** Sequence numbers were given to records that are not written: this epoch is of no use any more. */
  lostSequences(): void {
    this.#usedUp = true;
  }

  /** The coordinator has another producer id for this transactional id, or none. */
  forgotten(): void {
    this.#forgotten = true;
  }

  /** What waits fails with that error, what is out gets no other try. */
  drop(error: KafkaError): void {
    this.#steps.drop(error);
  }

  /** May come in the stack of this call. */
  whenIdle(done: () => void): void {
    this.#steps.whenIdle(done);
  }

  /** Everything under way ends with that error. */
  close(error: KafkaError): void {
    this.#again.clear();
    this.#renewed = null;
    this.#steps.close(error);
  }

  #ended(verdict: Verdict, error: KafkaError | null, ended: Ended): void {
    if (verdict === 'resync') this.#forgotten = true;
    ended(verdict, error);
  }

  #tellRenewed(verdict: Verdict, error: KafkaError | null): void {
    const ended = this.#renewed;
    this.#renewed = null;
    ended?.(verdict, error);
  }

  /** The coordinator and this slot agree again: whatever is open is aborted, sequences begin at 0. */
  #bump(): void {
    this.#steps.add(
      this.#requests.bump(
        (answer) => {
          this.#adopt(answer);
        },
        (verdict, error) => {
          if (verdict === 'fatal') this.#tellRenewed(verdict, error);
          else if (verdict !== 'done') this.#bumpLater();
          else {
            this.#bumps = 0;
            this.#tellRenewed(verdict, error);
          }
        },
      ),
    );
  }

  #bumpLater(): void {
    if (this.#renewed === null) return;
    const { runtime, options } = this.#cluster;
    const { retryBackoffMs, retryBackoffMaxMs } = options;
    this.#again.set(backoffMs(this.#bumps++, retryBackoffMs, retryBackoffMaxMs, () => runtime.random()));
  }

  #adopt({ producerId, producerEpoch }: { readonly producerId: number; readonly producerEpoch: number }): void {
    this.#identity.adopt(producerId, producerEpoch);
  }

  #adoptEnd(answer: { readonly producerId: number; readonly producerEpoch: number }): void {
    if (this.#identity.implicit && answer.producerId >= 0) this.#adopt(answer);
  }
}
