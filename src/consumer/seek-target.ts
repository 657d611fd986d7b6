import { InvalidOptionError } from '../errors/usage-error.js';
import { type SeekTarget } from '../model/consumer.js';
import { type TopicPartition } from '../model/topic-partition.js';

/** @throws InvalidOptionError when this names no partition. */
export function checkPartition(tp: unknown): asserts tp is TopicPartition {
  const { topic, partition } = (tp ?? {}) as Partial<Record<keyof TopicPartition, unknown>>;
  if (typeof topic === 'string' && topic !== '' && isCount(partition)) return;
  throw new InvalidOptionError(
    'partition',
    tp,
    'A partition is { topic, partition } with a name and a whole number of at least 0',
  );
}

/** @throws InvalidOptionError when a consumer cannot go there, whatever the partition holds. */
export function checkSeek(tp: TopicPartition, to: SeekTarget): void {
  checkPartition(tp);
  if (typeof to === 'number') {
    if (!isCount(to)) {
      throw new InvalidOptionError('offset', to, `An offset is a whole number of at least 0, got ${to}`);
    }
    return;
  }
  if (to === 'beginning' || to === 'end' || to === 'committed') return;
  const given: unknown = to;
  const { timestamp } = (given ?? {}) as { readonly timestamp?: unknown };
  if (isCount(timestamp)) return;
  throw new InvalidOptionError(
    'offset',
    to,
    "A seek goes to an offset, 'beginning', 'end', 'committed' or { timestamp } in milliseconds since the epoch",
  );
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
