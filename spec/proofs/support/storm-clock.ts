/** Which rules the group of a storm rebalances by. */
export type StormProtocol = 'eager' | 'cooperative' | 'consumer';

/** Milliseconds on the monotonic clock that all processes of a host share. */
export function stormClock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
