import { type Cluster } from '../../cluster/cluster.js';
import { type TransactionError } from '../../errors/client-errors.js';
import { type KafkaError } from '../../errors/kafka-error.js';
import { ClientClosedError, UsageError } from '../../errors/usage-error.js';
import { type GroupMetadata } from '../../model/commit.js';
import { type Cancel, type Done } from '../../model/done.js';
import { type OffsetList } from '../../model/topic-partition.js';
import { type Runtime } from '../../model/runtime.js';
import { Listeners } from '../../runtime/listeners.js';
import { hop, Timer } from '../../runtime/timer.js';
import { type ProducerCoreOptions } from '../core-options.js';
import { ProducerCore } from '../producer-core.js';
import { SlotCoordination } from './slot-coordination.js';
import { abortable, finished, judgeFailure, type Verdict } from './transaction-errors.js';
import { type IdentityHost, TransactionIdentity } from './transaction-identity.js';
import { follow, type SlotState } from './transaction-states.js';

/** What a slot needs to know; checked and complete. */
export interface TransactionSlotOptions extends ProducerCoreOptions {
  readonly transactionTimeoutMs: number;
}

/** What a slot tells of itself. */
export interface SlotListener {
  /** Its transaction is over, the next one may begin. */
  free(): void;
  /** It can never be used again; its owner has to begin anew. */
  finished(error: TransactionError): void;
}

/**
 * One transactional id: at most one transaction at a time, its records through a core of its own. The states and what may
 * follow what are in `transaction-states.ts`.
 *
 * Races, and where they end:
 * - A write fails while a commit waits for the flush: the commit is answered with that failure (`#fail`), EndTxn is not sent.
 * - A write fails after EndTxn(commit) is out: cannot be, it is sent after everything was answered.
 * - An abort meets requests in flight: batches that have not left are dropped, those that have are waited for, so that no late
 *   Produce of the older protocol, whose epoch stays, can get into the next transaction.
 * - The coordinator ended the transaction by itself (transactionTimeoutMs): leaders answer INVALID_PRODUCER_EPOCH, the commit
 *   is refused, and EndTxn(abort) is answered with NONE and the epoch to go on with; under the older protocol with
 *   PRODUCER_FENCED, as nobody can tell it there from another producer that took over.
 */
export class TransactionSlot implements IdentityHost {
  readonly core: ProducerCore;
  readonly transactionalId: string;
  #state: SlotState = 'uninitialised';
  /** Why the open transaction can only be aborted, or why the slot is finished. */
  #error: KafkaError | null = null;
  readonly #cluster: Cluster;
  readonly #listener: SlotListener;
  readonly #identity: TransactionIdentity;
  readonly #coordination: SlotCoordination;
  readonly #maxBlockMs: number;
  readonly #starters: Set<Done<null>> = new Set<Done<null>>();
  readonly #failureListeners: Listeners<unknown> = new Listeners<unknown>();
  #ending: Done<null> | null = null;
  #dropping: Cancel | null = null;
  #release: Cancel | null = null;
  #closing: (() => void)[] = [];

  constructor(cluster: Cluster, options: TransactionSlotOptions, transactionalId: string, listener: SlotListener) {
    this.#cluster = cluster;
    this.#listener = listener;
    this.transactionalId = transactionalId;
    this.#maxBlockMs = options.maxBlockMs;
    this.#identity = new TransactionIdentity(transactionalId, this);
    this.#coordination = new SlotCoordination(cluster, this.#identity, options.transactionTimeoutMs);
    this.core = new ProducerCore(cluster, options, this.#identity);
  }

  get runtime(): Runtime {
    return this.#cluster.runtime;
  }

  get state(): SlotState {
    return this.#state;
  }

  /** Records and offsets are taken. */
  get open(): boolean {
    return this.#state === 'open';
  }

  get error(): KafkaError | null {
    return this.#error;
  }

  /** Answers when there is a producer id: one hop later when there is one already. A `done` of its own for each call. */
  initialise(done: Done<null>): Cancel {
    if (this.#state !== 'uninitialised' && this.#state !== 'initialising') {
      return hop(this.#cluster.runtime, () => {
        done(this.#state === 'fatal' || this.#state === 'closed' ? this.#error : null, null);
      });
    }
    this.#starters.add(done);
    if (this.#state === 'uninitialised') this.#initialise();
    return () => {
      // in a turn of its own: the question serves whoever takes this place, and nobody else may keep the process
      if (!this.#starters.delete(done) || this.#starters.size > 0) return;
      this.later(() => {
        if (this.#starters.size === 0 && this.#state === 'initialising') this.#coordination.giveUp();
      });
    };
  }

  /** @throws UsageError unless the slot is ready */
  begin(): void {
    this.#follow('open');
    this.#error = null;
    this.#coordination.begin();
  }

  addOffsets(offsets: OffsetList, group: GroupMetadata, done: Done<null>): void {
    const refusal = this.#refusal();
    if (refusal !== null || offsets.length === 0) {
      hop(this.#cluster.runtime, () => {
        done(refusal, null);
      });
      return;
    }
    this.#coordination.addOffsets(offsets, group, (verdict, error) => {
      if (verdict !== 'done') this.#stepFailed(verdict, error!);
      done(verdict === 'done' ? null : this.#error, null);
    });
  }

  /** Open batches stay until the returned function is called, or the transaction ends. */
  gather(): Cancel {
    this.#identity.gathering = this.open;
    return () => {
      if (!this.#identity.gathering) return;
      this.#identity.gathering = false;
      this.core.wake();
    };
  }

  commit(done: Done<null>): void {
    const refusal = this.#refusal();
    if (refusal !== null) {
      hop(this.#cluster.runtime, () => {
        done(refusal, null);
      });
      return;
    }
    this.#end('committing', done);
    this.core.flush(() => {
      if (this.#state === 'committing') this.#commit();
    });
  }

  abort(done: Done<null>): void {
    if (this.#state !== 'open' && this.#state !== 'failed') {
      const refusal = this.#refusal();
      hop(this.#cluster.runtime, () => {
        done(refusal, null);
      });
      return;
    }
    const reason = this.#error ?? abortable('The transaction is aborted', null);
    this.#end('aborting', done);
    this.#identity.shut();
    this.#coordination.drop(reason);
    hop(this.#cluster.runtime, () => {
      if (this.#state !== 'aborting') return;
      this.core.dropUnsent(reason);
      this.core.whenIdle(() => {
        this.#coordination.whenIdle(() => {
          if (this.#state === 'aborting') this.#abort();
        });
      });
    });
  }

  /** Called one hop after the open transaction failed outside of a call of its owner. */
  onFailed(listener: (error: unknown) => void): Cancel {
    return this.#failureListeners.add(listener);
  }

  /** In a turn of its own. */
  later(work: () => void): void {
    hop(this.#cluster.runtime, work);
  }

  /** Aborts what is open, waits for what is ending, at most `timeoutMs`; then everything pending has failed. */
  close(timeoutMs: number, done: () => void): void {
    const { runtime } = this.#cluster;
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      deadline.clear();
      this.#close(timeoutMs);
      this.core.close(0, done);
    };
    const deadline = new Timer(runtime, finish);
    deadline.set(timeoutMs);
    if (this.#state === 'open')
      this.#fail(new ClientClosedError('The producer was closed, the transaction is aborted'));
    if (this.#state === 'failed') this.abort(() => undefined);
    if (this.#state === 'aborting' || this.#state === 'committing') this.#closing.push(finish);
    else hop(runtime, finish);
  }

  // ---- IdentityHost

  partitionsWanted(): void {
    // everything of this turn's pass in one request
    hop(this.#cluster.runtime, () => {
      if (this.#state !== 'open' && this.#state !== 'committing') return;
      this.#coordination.addPartitions((verdict, error) => {
        if (verdict === 'done') this.core.identityReady();
        else this.#stepFailed(verdict, error!);
      });
    });
  }

  recordsFailed(error: unknown, sequenced: boolean): void {
    if (sequenced) this.#coordination.lostSequences();
    if (this.#state !== 'open' && this.#state !== 'committing') return;
    const cause = causeOf(error);
    const verdict = judgeFailure(cause);
    if (verdict === 'fatal') {
      // not here: a core in the middle of reading an answer must not be torn down
      this.#identity.shut();
      hop(this.#cluster.runtime, () => {
        this.#die(finished(this.transactionalId, 'Records of the transaction were refused', cause));
      });
      return;
    }
    if (verdict === 'resync') this.#coordination.forgotten();
    this.#fail(abortable('Records of the transaction were not written', error));
  }

  // ----

  #initialise(): void {
    this.#follow('initialising');
    this.#hold();
    this.#coordination.start(this.#maxBlockMs, (verdict, error) => {
      if (verdict === 'done') this.#ready();
      else if (verdict === 'fatal') this.#die(this.#asFatal('The producer cannot start', error!));
      else {
        // another try may succeed
        this.#follow('uninitialised');
        this.#letGo();
        this.#tellStarters(error);
      }
    });
  }

  #commit(): void {
    // the flush is over, what is left are offsets on their way: their queue keeps the order
    this.#coordination.commit((verdict, error) => {
      if (verdict === 'done') this.#ready();
      else this.#stepFailed(verdict, error!);
    });
  }

  #abort(): void {
    this.#coordination.abort((verdict, error) => {
      if (verdict === 'done') this.#ready();
      else this.#die(this.#asFatal('The transaction cannot be aborted', error!));
    });
  }

  /** A request of the open transaction is not going to succeed. */
  #stepFailed(verdict: Verdict, error: KafkaError): void {
    if (verdict === 'fatal') {
      this.#die(this.#asFatal('The transaction failed', error));
      return;
    }
    if (this.#state === 'open' || this.#state === 'committing') this.#fail(abortable('The transaction failed', error));
  }

  /** Nothing but an abort is left. The owner hears it from its commit, or from `onFailed`. */
  #fail(error: KafkaError): void {
    this.#follow('failed');
    this.#error = error;
    this.#identity.shut();
    const { runtime } = this.#cluster;
    const ending = this.#ending;
    this.#ending = null;
    // a hop: a core in the middle of reading an answer must not lose batches under its hands
    this.#dropping ??= hop(runtime, () => {
      this.#dropping = null;
      if (this.#state !== 'failed') return;
      this.#coordination.drop(error);
      this.core.dropUnsent(error);
    });
    hop(runtime, () => {
      if (ending === null) this.#tellFailure(error);
      else {
        this.#letGo();
        ending(error, null);
      }
    });
  }

  #ready(): void {
    this.#follow('ready');
    this.#identity.shut();
    this.#letGo();
    // partitions that a lost sequence stopped begin anew
    this.core.identityReady();
    const ending = this.#ending;
    this.#ending = null;
    this.#failureListeners.clear();
    this.#tellStarters(null);
    ending?.(null, null);
    for (const finish of this.#closing.splice(0)) finish();
    if (this.#state === 'ready') this.#listener.free();
  }

  #die(error: TransactionError): void {
    if (this.#state === 'fatal' || this.#state === 'closed') return;
    this.#follow('fatal');
    this.#error = error;
    this.#identity.shut();
    this.#identity.invalidate();
    this.#coordination.close(error);
    this.core.identityFailed(error);
    this.#letGo();
    this.#listener.finished(error);
    this.#tellEnd(error);
  }

  #close(timeoutMs: number): void {
    if (this.#state === 'closed') return;
    const doubt = this.#state === 'committing' ? ', it is not known whether the transaction was committed' : '';
    const error = new ClientClosedError(`The producer was closed and did not get it done in ${timeoutMs} ms${doubt}`);
    this.#follow('closed');
    this.#error = new ClientClosedError();
    this.#identity.shut();
    this.#dropping?.();
    this.#coordination.close(error);
    this.#letGo();
    this.#tellEnd(error);
  }

  #tellEnd(error: KafkaError): void {
    const ending = this.#ending;
    this.#ending = null;
    this.#tellStarters(error);
    if (ending === null) this.#tellFailure(error);
    else ending(error, null);
    for (const finish of this.#closing.splice(0)) finish();
  }

  #tellStarters(error: KafkaError | null): void {
    const starters = [...this.#starters];
    this.#starters.clear();
    for (const done of starters) done(error, null);
  }

  #tellFailure(error: KafkaError): void {
    this.#failureListeners.tell(error);
    this.#failureListeners.clear();
  }

  /** Why a call of the owner is not possible; null when it is. */
  #refusal(): KafkaError | null {
    if (this.#state === 'open') return null;
    if (this.#error !== null && this.#state !== 'ready') return this.#error;
    return new UsageError(`The transaction is over, or it is being ended (${this.#state}): begin another one`);
  }

  #asFatal(what: string, error: KafkaError): TransactionError {
    return finished(this.transactionalId, what, error);
  }

  #end(state: 'committing' | 'aborting', done: Done<null>): void {
    this.#follow(state);
    this.#ending = done;
    this.#hold();
  }

  #follow(state: SlotState): void {
    this.#state = follow(this.#state, state);
  }

  /** The process stays until this is answered. */
  #hold(): void {
    this.#release ??= this.#cluster.runtime.keepAlive?.() ?? null;
  }

  #letGo(): void {
    this.#release?.();
    this.#release = null;
  }
}

/** What a broker said, below what the record was told. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
