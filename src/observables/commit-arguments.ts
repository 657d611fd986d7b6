import { UsageError } from '../errors/usage-error.js';
import { type GroupMetadata } from '../model/commit.js';
import { type OffsetList, type TopicPartitionOffset } from '../model/topic-partition.js';

/**
 * What a user wants committed, before it is asked whether the partitions are held.
 * @throws UsageError that names the first mistake
 */
export function checkCommitOffsets(offsets: OffsetList): void {
  if (!Array.isArray(offsets) || offsets.length === 0) {
    throw new UsageError('commit takes a list of { topic, partition, offset, metadata? }, or nothing at all');
  }
  checkEach(offsets);
}

/** What is wrong with the arguments of `sendOffsets`, null when nothing is. An empty list is legal and sends nothing. */
export function sendOffsetsComplaint(offsets: unknown, group: unknown): UsageError | null {
  if (!Array.isArray(offsets))
    return new UsageError('sendOffsets takes a list of { topic, partition, offset, metadata? }');
  const { groupId, memberId, generation } = (group ?? {}) as Partial<GroupMetadata>;
  if (typeof groupId !== 'string' || groupId === '' || typeof memberId !== 'string' || typeof generation !== 'number') {
    return new UsageError('sendOffsets needs the groupMetadata() of the consumer whose offsets they are');
  }
  try {
    checkEach(offsets as OffsetList);
    return null;
  } catch (error) {
    return error as UsageError;
  }
}

function checkEach(offsets: OffsetList): void {
  for (const each of offsets as readonly (Partial<TopicPartitionOffset> | null)[]) {
    const { topic, partition, offset, metadata } = each ?? {};
    if (typeof topic !== 'string' || topic === '' || !isCount(partition) || !isCount(offset)) {
      throw new UsageError(
        `An offset to commit is { topic, partition, offset, metadata? }, got ${JSON.stringify(each)}`,
      );
    }
    if (metadata !== undefined && typeof metadata !== 'string') {
      throw new UsageError(`Metadata of a commit is text, got ${JSON.stringify(metadata)}`, { topic, partition });
    }
  }
}

/** @throws UsageError without a group: there is nowhere to commit. */
export function checkHasGroup(groupId: string | null, call: string): void {
  if (groupId === null)
    throw new UsageError(`${call} needs a consumer with a groupId, offsets are stored in its group`);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
