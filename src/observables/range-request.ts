import { type RangeRequest } from '../consumer/range-plan.js';
import { checkSeek } from '../consumer/seek-target.js';
import { InvalidOptionError } from '../errors/usage-error.js';
import { type ReadRange } from '../model/consumer.js';
import { type OffsetList } from '../model/topic-partition.js';

/** @throws InvalidOptionError when the range makes no sense, whatever the partitions hold. */
export function checkRange(range: ReadRange | undefined): RangeRequest {
  const from = range?.from ?? 'beginning';
  const to = range?.to ?? 'end';
  if (from !== 'beginning' && from !== 'committed') checkList('from', from, "'beginning', 'committed'");
  if (to !== 'end') checkList('to', to, "'end'");
  if (typeof from === 'string' || typeof to === 'string') return { from, to };
  for (const start of from) {
    const end = to.find(({ topic, partition }) => topic === start.topic && partition === start.partition);
    if (end === undefined || start.offset <= end.offset) continue;
    throw new InvalidOptionError(
      'to',
      end.offset,
      `A range goes forward, but ${start.topic}-${start.partition} is to be read from ${start.offset} to ${end.offset}`,
    );
  }
  return { from, to };
}

function checkList(option: 'from' | 'to', list: unknown, words: string): asserts list is OffsetList {
  if (!Array.isArray(list) || list.length === 0) {
    throw new InvalidOptionError(
      option,
      list,
      `Option ${option} of readRange is ${words} or a list of { topic, partition, offset }`,
    );
  }
  for (const entry of list as OffsetList) checkSeek(entry, entry.offset);
}
