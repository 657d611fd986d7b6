import { type CommitReceipt } from '../model/commit.js';
import { hop } from '../runtime/timer.js';
import { type ConsumerCommits } from './consumer-commits.js';
import { type HeldPartition } from './held-partition.js';
import { type SessionHost } from './session-host.js';

/**
 * The commit that an operator asks for through a lease. Trouble with it is an event and a later commit, never the end of a pipe.
 *
 * @param held - undefined when it was given up meanwhile: its last commit was the drain's
 */
export function commitHeld(
  { cluster: { runtime }, surface }: SessionHost,
  commits: ConsumerCommits,
  held: HeldPartition | undefined,
  done: (receipt: CommitReceipt | null, error?: unknown) => void,
): () => void {
  if (held === undefined) {
    return hop(runtime, () => {
      done(null);
    });
  }
  return commits.now([held], (error, receipt) => {
    if (error !== null) {
      const value = held.cursor.commitValue;
      const offsets = value === null ? [] : [{ topic: held.topic, partition: held.partition, offset: value.offset }];
      surface.event({ type: 'commitFailed', offsets, error });
    }
    done(receipt);
  });
}
