import { InvalidOptionError } from '../errors/usage-error.js';
import { type TopicPartition, type TopicPartitionOffset } from '../model/topic-partition.js';

/**
 * What is read, checked: topics by name or by a pattern over their names, which the client or the broker evaluates, or partitions
 * by hand.
 */
export type Selection =
  | { readonly kind: 'topics'; readonly topics: readonly string[] }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }
  | { readonly kind: 'serverPattern'; readonly serverPattern: string }
  | { readonly kind: 'partitions'; readonly partitions: readonly (TopicPartition | TopicPartitionOffset)[] };

/** A selection that names topics, whose partitions a group shares or a consumer reads whole. */
export type TopicsOrPattern = Extract<Selection, { readonly kind: 'topics' | 'pattern' }>;

/**
 * A selection is replaced by one of its kind, or by none; after none any kind may follow.
 * @throws InvalidOptionError
 */
export function checkReplaces(before: Selection | null, next: Selection | null): void {
  if (before === null || next === null || before.kind === next.kind) return;
  throw new InvalidOptionError(
    next.kind,
    next,
    `This consumer selects by ${before.kind} and cannot select by ${next.kind} as well, call select(null) first`,
  );
}

/** May anything of this partition be delivered under the selection? */
export function selects(selection: Selection | null, { topic, partition }: TopicPartition): boolean {
  switch (selection?.kind) {
    case 'topics':
      return selection.topics.includes(topic);
    case 'pattern':
      return selection.pattern.test(topic);
    case 'serverPattern':
      return true; // only the broker knows
    case 'partitions':
      return selection.partitions.some((tp) => tp.partition === partition && tp.topic === topic);
    default:
      return false;
  }
}
