/** A record of the input as a `read_committed` reader finds it. */
export interface InputRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly id: number;
}

/** A record of the output: what it says of the input record it was made from. */
export interface MadeRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly id: number;
  readonly fromPartition: number;
  readonly fromOffset: number;
  readonly member: string;
}

/** `id|partition|offset|member`, as the pipelines write it. */
export function madeValue(id: string, partition: number, offset: number, member: string): string {
  return [id, partition, offset, member].join('|');
}

export function parseMade(partition: number, offset: number, key: string, value: string): MadeRecord {
  const [id, fromPartition, fromOffset, member = ''] = value.split('|');
  return {
    partition,
    offset,
    key,
    id: Number(id),
    fromPartition: Number(fromPartition),
    fromOffset: Number(fromOffset),
    member,
  };
}

/**
 * Holds the output against the input, both as `read_committed` shows them and in log order per partition: each input record has one
 * output record, under its key and made from that very record, and those of a key come in the order of the input.
 * @returns what is wrong, by kind, with an example of each; empty when nothing is
 */
export function checkExactlyOnce(input: readonly InputRecord[], output: readonly MadeRecord[]): readonly string[] {
  const kinds = new Map<string, { count: number; readonly example: string }>();
  const add = (kind: string, example: string): void => {
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { count: 1, example });
    else known.count += 1;
  };
  const given = new Map<number, InputRecord>();
  const rank = new Map<number, number>();
  for (const [at, record] of input.entries()) {
    if (given.has(record.id)) add('of the input are there twice', `id ${record.id}`);
    given.set(record.id, record);
    // the input of a key is in one partition, so that log order of the partition is the order of the key
    rank.set(record.id, at);
  }
  const seen = new Set<number>();
  const last = new Map<string, number>();
  for (const record of output) {
    const { id, key } = record;
    const where = `id ${id} at ${record.partition}@${record.offset} by ${record.member}`;
    const source = given.get(id);
    if (source === undefined) {
      add('of the output come from no committed input', where);
      continue;
    }
    if (source.key !== key) add('of the output have another key than their input', where);
    if (source.partition !== record.fromPartition || source.offset !== record.fromOffset) {
      add(
        'of the output name another input record',
        `${where}, made from ${record.fromPartition}@${record.fromOffset}`,
      );
    }
    if (seen.has(id)) {
      add('of the output are there again', where);
      continue;
    }
    seen.add(id);
    const before = last.get(key) ?? -1;
    if (rank.get(id)! < before) add('of the output come behind a later one of their key', where);
    last.set(key, Math.max(before, rank.get(id)!));
  }
  for (const { id, partition, offset } of given.values()) {
    if (!seen.has(id)) add('of the input have no output', `id ${id} at ${partition}@${offset}`);
  }
  return [...kinds].map(([kind, { count, example }]) => `${count} records ${kind}: ${example}`);
}
