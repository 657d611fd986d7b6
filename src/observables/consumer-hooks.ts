import { from, isObservable } from 'rxjs';
import { type RebalanceContext, type RebalanceListener } from '../model/consumer.js';
import { type TopicPartition } from '../model/topic-partition.js';

/** Runs a user's rebalance hook, whatever it returns, and tells its end once: null, or what it failed with. */
export function runHook(
  listener: RebalanceListener | null,
  partitions: readonly TopicPartition[],
  context: RebalanceContext,
  done: (error: unknown) => void,
): void {
  if (listener === null || partitions.length === 0) {
    done(null);
    return;
  }
  let result: ReturnType<RebalanceListener>;
  try {
    result = listener(partitions, context);
  } catch (error) {
    done(error ?? new Error('A rebalance hook threw nothing'));
    return;
  }
  if (result === undefined || (!isObservable(result) && typeof result !== 'object')) {
    done(null);
    return;
  }
  from(result).subscribe({
    error: (error: unknown) => {
      done(error ?? new Error('A rebalance hook failed with nothing'));
    },
    complete: () => {
      done(null);
    },
  });
}
