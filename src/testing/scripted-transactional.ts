import { EMPTY, type Observable, Observable as Stream, ReplaySubject, from } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { UsageError } from '../errors/usage-error.js';
import type { Done, Cancel } from '../model/done.js';
import type { ProducerRecord } from '../model/record-sink.js';
import type { Runtime } from '../model/runtime.js';
import {
  type ManualTransaction,
  type SlottedProducer,
  type Transaction,
  type TransactionalProducer,
  type TransactionSlots,
  transactionSlots,
} from '../model/transaction.js';
import { coreCall } from '../observables/core-call.js';
import { hop } from '../runtime/timer.js';
import type { Groups } from './group-run.js';
import { scriptedSink } from './scripted-sink.js';
import { commandOf, ScriptedTransaction, type TransactionHome } from './scripted-transaction.js';
import type { ScriptedTransactionalProducer, TransactionalScript } from './transactional-script.js';
import type { WrittenTransaction } from './written-transaction.js';

/** Both faces: what a user sees, and the port of the operator `transaction`. */
export class ScriptedTransactional<K, V> implements ScriptedTransactionalProducer<K, V>, SlottedProducer<K, V> {
  readonly transactions: ScriptedTransaction<K, V>[] = [];
  readonly committed: ProducerRecord<K, V>[] = [];
  readonly ends: ReplaySubject<WrittenTransaction<K, V>> = new ReplaySubject<WrittenTransaction<K, V>>();
  readonly events$: TransactionalProducer<K, V>['events$'] = EMPTY;
  readonly [transactionSlots]: TransactionSlots<K, V>;
  readonly #runtime: Runtime;
  readonly #script: TransactionalScript;
  readonly #helpers: Pick<RunHelpers, 'cold'>;
  readonly #groups: Groups;
  readonly #home: Pick<TransactionHome<K, V>, 'runtime' | 'sink' | 'ended'>;
  readonly #waiting: Set<() => void> = new Set<() => void>();
  #free: number;

  constructor(helpers: Pick<RunHelpers, 'cold'>, runtime: Runtime, groups: Groups, script: TransactionalScript) {
    this.#helpers = helpers;
    this.#runtime = runtime;
    this.#groups = groups;
    this.#script = script;
    const { respond = '(a|)', slots = 1, transactionTimeoutMs = 10_000 } = script;
    this.#free = slots;
    this.#home = {
      runtime,
      sink: scriptedSink<K, V>(this.#answer(respond), runtime.scheduler),
      ended: (transaction, offsets) => {
        this.#ended(transaction);
        for (const group of offsets) this.#groups.get(group.groupId)?.commit(group.offsets);
      },
    };
    this[transactionSlots] = {
      count: slots,
      transactionTimeoutMs,
      prepare: (done: Done<null>): Cancel =>
        hop(runtime, () => {
          done(null, null);
        }),
      begin: () => this.#begin(),
      ending: false,
      onFree: (listener) => {
        this.#waiting.add(listener);
        return () => {
          this.#waiting.delete(listener);
        };
      },
    };
  }

  readonly transaction: TransactionalProducer<K, V>['transaction'] = (project) =>
    new Stream((subscriber) => {
      const open = this.#beginOrThrow();
      let over = false;
      const ended = (): void => {
        over = true;
      };
      const abort = (error: unknown): void => {
        if (over) return;
        ended();
        inner.unsubscribe();
        open.abort(() => {
          subscriber.error(error);
        });
      };
      const inner = from(project(open.tx)).subscribe({
        next: (value) => {
          subscriber.next(value);
        },
        error: abort,
        complete: () => {
          open.commit((error) => {
            if (error !== null) abort(error);
            else {
              ended();
              subscriber.complete();
            }
          });
        },
      });
      return () => {
        inner.unsubscribe();
        if (!over) open.abort(ended);
      };
    });

  readonly beginTransaction: TransactionalProducer<K, V>['beginTransaction'] = () =>
    coreCall<ManualTransaction<K, V>>(this.#runtime, (done) => {
      const open = this.#beginOrThrow();
      const tx: Transaction<K, V> = open.tx;
      return hop(this.#runtime, () => {
        done(null, {
          ...tx,
          commit: () =>
            commandOf(this.#runtime, (answer) => {
              open.commit(answer);
            }),
          abort: () =>
            commandOf(this.#runtime, (answer) => {
              open.abort(answer);
            }),
        });
      });
    });

  close(): Promise<void> {
    return Promise.resolve();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(): ScriptedTransaction<K, V> | null {
    if (this.#free === 0) return null;
    this.#free--;
    const at = this.transactions.length;
    const { commit = '(a|)', abort = '(a|)' } = this.#script;
    const transaction = new ScriptedTransaction<K, V>({
      ...this.#home,
      commit$: this.#answer(nth(commit, at)),
      abort$: this.#answer(nth(abort, at)),
    });
    this.transactions.push(transaction);
    return transaction;
  }

  #beginOrThrow(): ScriptedTransaction<K, V> {
    const open = this.#begin();
    if (open !== null) return open;
    throw new UsageError('Every slot of this transactional producer has an open transaction, give it more slots');
  }

  #ended(transaction: ScriptedTransaction<K, V>): void {
    this.#free++;
    if (transaction.outcome === 'committed') this.committed.push(...transaction.records);
    this.ends.next(transaction);
    hop(this.#runtime, () => {
      for (const listener of [...this.#waiting]) listener();
    });
  }

  #answer(marbles: string): Observable<unknown> {
    return this.#helpers.cold(marbles, undefined, this.#script.error);
  }
}

function nth(marbles: string | readonly string[], at: number): string {
  return typeof marbles === 'string' ? marbles : (marbles[Math.min(at, marbles.length - 1)] ?? '(a|)');
}
