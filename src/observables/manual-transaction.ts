import { type Observable } from 'rxjs';
import { type Done } from '../model/done.js';
import { type DeliveryReceiver, fastSink, type ProducerRecord } from '../model/record-sink.js';
import { type Runtime } from '../model/runtime.js';
import { type ManualTransaction } from '../model/transaction.js';
import { type TransactionSlot } from '../producer/transaction/transaction-slot.js';
import { coldCommand } from './cold-command.js';
import { coreCall } from './core-call.js';
import { type SlotQueue } from './slot-queue.js';
import { type SlotTransaction } from './slot-transaction.js';

/**
 * A transaction whose end its caller decides, once. **Cold**: each subscription begins one. Unsubscribing before it is there
 * begins none; later it changes nothing.
 */
export function manualTransaction<K, V>(
  runtime: Runtime,
  queue: SlotQueue,
  begin: (slot: TransactionSlot) => SlotTransaction<K, V>,
): Observable<ManualTransaction<K, V>> {
  return coreCall<ManualTransaction<K, V>>(runtime, (done) =>
    queue.take((error, slot) => {
      if (slot === null) done(error, null);
      else done(null, asManual(runtime, begin(slot)));
    }),
  );
}

function asManual<K, V>(runtime: Runtime, transaction: SlotTransaction<K, V>): ManualTransaction<K, V> {
  const { tx } = transaction;
  const command = (name: string, run: (done: Done<null>) => void): Observable<void> =>
    // once asked for it goes on, whoever listens
    coldCommand(
      runtime,
      `tx.${name}`,
      coreCall<undefined>(runtime, (done) => {
        run((error) => {
          done(error, undefined);
        });
        return () => undefined;
      }),
    );
  return Object.freeze({
    write: tx.write,
    onReady: tx.onReady,
    bytes: tx.bytes,
    send: tx.send,
    sendOffsets: tx.sendOffsets,
    [fastSink]: (record: ProducerRecord<K, V>, receiver: DeliveryReceiver, token: number) =>
      tx[fastSink](record, receiver, token),
    commit: () =>
      command('commit', (done) => {
        transaction.commit(done);
      }),
    abort: () =>
      command('abort', (done) => {
        transaction.abort(done);
      }),
  });
}
