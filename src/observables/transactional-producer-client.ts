import { NEVER, type Observable, takeUntil } from 'rxjs';
import type { ObservableInput } from 'rxjs';
import { type Cluster } from '../cluster/cluster.js';
import { type ClientEvent } from '../model/client-event.js';
import {
  type ManualTransaction,
  type SlottedProducer,
  type Transaction,
  type TransactionalProducer,
  type TransactionSlots,
  transactionSlots,
} from '../model/transaction.js';
import { SlotSet } from '../producer/transaction/slot-set.js';
import { type TransactionSlot } from '../producer/transaction/transaction-slot.js';
import { ClientClosing } from './client-closing.js';
import { coldCommand } from './cold-command.js';
import { manualTransaction } from './manual-transaction.js';
import { ProducerEntry } from './producer-entry.js';
import { runTransaction } from './run-transaction.js';
import { SlotQueue } from './slot-queue.js';
import { SlotTransaction } from './slot-transaction.js';
import { type SlotEntries } from './transaction-surface.js';
import { type ResolvedTransactionalOptions } from './transactional-producer-options.js';

/**
 * A transactional producer of one `Kafka`: nothing connects before the first transaction.
 * @param onClosed - runs once, when `close` is through
 * @param events$ - what happens on the connections below
 */
export function createTransactionalProducer<K, V>(
  cluster: Cluster,
  options: ResolvedTransactionalOptions,
  onClosed: () => void,
  events$: Observable<ClientEvent> = NEVER,
): TransactionalProducer<K, V> & SlottedProducer<K, V> {
  return new TransactionalProducerClient<K, V>(cluster, options, onClosed, events$);
}

/** The public surface over the slots. */
class TransactionalProducerClient<K, V> implements TransactionalProducer<K, V>, SlottedProducer<K, V> {
  readonly events$: Observable<ClientEvent>;
  readonly transaction: <R>(project: (tx: Transaction<K, V>) => ObservableInput<R>) => Observable<R>;
  readonly beginTransaction: () => Observable<ManualTransaction<K, V>>;
  readonly [transactionSlots]: TransactionSlots<K, V>;
  readonly #closing: ClientClosing;

  constructor(
    cluster: Cluster,
    options: ResolvedTransactionalOptions,
    onClosed: () => void,
    events$: Observable<ClientEvent>,
  ) {
    const slots = new SlotSet(cluster, options);
    const entries = new Map<TransactionSlot, SlotEntries>();
    for (const slot of slots.slots) {
      const typed = new ProducerEntry(slot.core, options.keySerializer, options.valueSerializer, false);
      entries.set(slot, { typed, raw: new ProducerEntry(slot.core, null, null, true) });
    }
    const begin = (slot: TransactionSlot): SlotTransaction<K, V> => {
      slot.begin();
      return new SlotTransaction<K, V>(slot, entries.get(slot)!);
    };
    const queue = new SlotQueue(slots);
    this.#closing = new ClientClosing((timeoutMs, done) => {
      slots.close(timeoutMs, done);
    }, onClosed);
    this.events$ = events$.pipe(takeUntil(this.#closing.closed$));
    const { runtime } = cluster;
    this.transaction = (project) =>
      coldCommand(runtime, 'producer.transaction', runTransaction(runtime, queue, begin, project));
    this.beginTransaction = () =>
      coldCommand(runtime, 'producer.beginTransaction', manualTransaction(runtime, queue, begin));
    const isEnding = (): boolean => slots.ending || this.#closing.begun;
    this[transactionSlots] = Object.freeze<TransactionSlots<K, V>>({
      get ending() {
        return isEnding();
      },
      count: options.slots,
      transactionTimeoutMs: options.transactionTimeoutMs,
      prepare: (done) => slots.prepare(done),
      begin: () => {
        const slot = this.#closing.begun ? null : slots.find();
        if (slot !== null) return begin(slot);
        // finished: a transaction that fails from the start tells why
        const over = slots.slots.find(({ state }) => state === 'fatal' || state === 'closed');
        return over === undefined ? null : new SlotTransaction<K, V>(over, entries.get(over)!);
      },
      onFree: (listener) => slots.onFree(listener),
    });
  }

  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void> {
    return this.#closing.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
