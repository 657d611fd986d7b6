/** One record of the output: which input it came from, and who wrote it. */
export interface OutputRecord {
  readonly key: string;
  readonly id: number;
  readonly fromPartition: number;
  readonly fromOffset: number;
  readonly member: string;
}

/** A stretch of input that may be processed again: from that offset on, of that partition. */
export interface Excuse {
  readonly partition: number;
  readonly fromOffset: number;
  readonly why: string;
}

export interface OutputVerdict {
  readonly missing: number;
  readonly repeats: number;
  readonly unexcused: readonly OutputRecord[];
  readonly outOfOrder: readonly OutputRecord[];
}

/** `key-7:123:...` as the members write it. */
export function parseOutput(key: string, value: string): OutputRecord {
  const [id, fromPartition, fromOffset, member = ''] = value.split('|');
  return { key, id: Number(id), fromPartition: Number(fromPartition), fromOffset: Number(fromOffset), member };
}

/**
 * Holds the output against the input: every id is there, first occurrences of a key ascend, and what is there twice has an
 * excuse. `records` are in log order per output partition, and a key has one output partition.
 */
export function checkOutput(
  records: readonly OutputRecord[],
  total: number,
  excuses: readonly Excuse[],
): OutputVerdict {
  const seen = new Uint8Array(total);
  const last = new Map<string, number>();
  const unexcused: OutputRecord[] = [];
  const outOfOrder: OutputRecord[] = [];
  let repeats = 0;
  let distinct = 0;
  for (const record of records) {
    if (seen[record.id] === 0) {
      seen[record.id] = 1;
      distinct += 1;
      if ((last.get(record.key) ?? -1) > record.id) outOfOrder.push(record);
      last.set(record.key, record.id);
      continue;
    }
    repeats += 1;
    const excused = excuses.some(
      ({ partition, fromOffset }) => partition === record.fromPartition && record.fromOffset >= fromOffset,
    );
    if (!excused) unexcused.push(record);
  }
  return { missing: total - distinct, repeats, unexcused, outOfOrder };
}
