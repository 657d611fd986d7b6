/** Topic of the group coordinators; here it decides who coordinates, and holds no records. @internal */
export const offsetsTopic = '__consumer_offsets';
/** The same for transactions. @internal */
export const transactionsTopic = '__transaction_state';

/** Partition of an internal topic for a group or transactional id: Java's `abs(hashCode) % count`. @internal */
export function coordinatorIndex(key: string, count: number): number {
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  // Utils.abs makes zero of the smallest integer, which has no positive
  return (hash === -2147483648 ? 0 : Math.abs(hash)) % count;
}
