import { type Cancel, type Done } from '../model/done.js';
import { type Runtime } from '../model/runtime.js';
import { type OffsetList } from '../model/topic-partition.js';
import { Timer } from '../runtime/timer.js';
import { type HeldPartition } from './held-partition.js';
import { type OffsetSource } from './offset-source.js';

/** How often it is looked whether the window of a transaction has ended, milliseconds. */
const lookMs = 20;

/**
 * Where the group stands, for a seek to the committed offset; `done` from a later turn.
 *
 * Race: a window of a transaction over the partition may be on its way, and be committed after the question was answered: who went
 * there would read its records once more, and write their results twice. So it is asked when no window is open, and again when
 * one was committed meanwhile. A pending seek holds delivery, so there is an end to it.
 */
export function lookUpCommitted(
  runtime: Runtime,
  held: HeldPartition,
  committed: OffsetSource,
  done: Done<OffsetList>,
): Cancel {
  let cancel: Cancel = () => undefined;
  const again = new Timer(runtime, () => {
    ask();
  });
  const ask = (): void => {
    if (held.cursor.windowed) {
      again.set(lookMs);
      return;
    }
    const before = held.transactions;
    cancel = committed.fetch([{ topic: held.topic, partition: held.partition }], (error, offsets) => {
      if (error === null && (held.cursor.windowed || held.transactions !== before)) again.set(lookMs);
      else done(error, offsets);
    });
  };
  ask();
  return () => {
    again.clear();
    cancel();
  };
}
