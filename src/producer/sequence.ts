/** Sequence numbers count records per partition, from 0 to 2147483647 and on from 0 (KIP-98). */
export const sequenceLimit = 2147483648;

/** The sequence `count` records after `base`. */
export function advanceSequence(base: number, count: number): number {
  return (base + count) % sequenceLimit;
}

/** The last epoch of a producer id; behind it a new id is needed (KIP-360). */
export const lastEpoch = 32767;
