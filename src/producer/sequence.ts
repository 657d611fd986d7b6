/** Sequence numbers count records per partition, from 0 to 2147483647 and on from 0 (KIP-98). */
export const sequenceLimit = 2147483648;

/** The sequence `count` records after `base`. */
export function advanceSequence(base: number, count: number): number {
  return (base + count) % sequenceLimit;
}

/** Whether `sequence` comes behind `other`: of two of one partition's last batches, also where numbers begin anew. */
export function isBehind(sequence: number, other: number): boolean {
  const ahead = (sequence - other + sequenceLimit) % sequenceLimit;
  return ahead > 0 && ahead < sequenceLimit / 2;
}

/** The last epoch of a producer id; behind it a new id is needed (KIP-360). */
export const lastEpoch = 32767;
