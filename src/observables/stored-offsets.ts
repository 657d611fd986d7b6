import { defaultIfEmpty, defer, type Subscription, take } from 'rxjs';
import { type OffsetSource } from '../consumer/offset-source.js';
import { checkSeek } from '../consumer/seek-target.js';
import { KafkaError } from '../errors/kafka-error.js';
import { OffsetStoreError } from '../errors/client-errors.js';
import { type OffsetStore } from '../model/offset-store.js';
import { type Runtime } from '../model/runtime.js';
import { type OffsetList } from '../model/topic-partition.js';
import { hop } from '../runtime/timer.js';

/** A user's offset store as the core asks it: answered from a turn of its own, whatever `load` returns. */
export function storedOffsets(runtime: Runtime, store: OffsetStore | null): OffsetSource | null {
  if (store === null) return null;
  return {
    fetch: (partitions, done) => {
      let subscription: Subscription | null = null;
      const cancel = hop(runtime, () => {
        subscription = defer(() => store.load(partitions.map(({ topic, partition }) => ({ topic, partition }))))
          .pipe(take(1), defaultIfEmpty<OffsetList, OffsetList>([]))
          .subscribe({
            next: (offsets) => {
              const wrong = complaint(offsets);
              if (wrong === null) done(null, offsets);
              else done(wrong, null);
            },
            error: (error: unknown) => {
              done(asKafkaError(error), null);
            },
          });
      });
      return () => {
        cancel();
        subscription?.unsubscribe();
      };
    },
  };
}

function complaint(offsets: unknown): KafkaError | null {
  if (!Array.isArray(offsets)) {
    return new OffsetStoreError(
      'offsetStore.load has to give one list of offsets, wrap an array in of(...) or in a promise',
    );
  }
  try {
    for (const entry of offsets as OffsetList) checkSeek(entry, entry.offset);
    return null;
  } catch (error) {
    return asKafkaError(error);
  }
}

function asKafkaError(error: unknown): KafkaError {
  if (KafkaError.is(error)) return error;
  return new OffsetStoreError(`offsetStore.load failed: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
