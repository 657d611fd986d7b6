/** What the choice needs to know of a partition. */
export interface StickyCandidate {
  readonly partition: number;
  readonly hasLeader: boolean;
  /** Batches waiting or in flight. */
  readonly queueLength: number;
}

/**
 * The next partition for records without a key: partitions with a leader only (all of them where none has one), each with a
 * weight inverse to its queue, so that a slow broker gets less (KIP-794).
 * @param random - in [0, 1)
 */
export function chooseStickyPartition(candidates: readonly StickyCandidate[], random: number): number {
  let longest = 0;
  let led = 0;
  for (const candidate of candidates) {
    if (!candidate.hasLeader) continue;
    led++;
    if (candidate.queueLength > longest) longest = candidate.queueLength;
  }
  if (led === 0) return candidates[Math.floor(random * candidates.length)]!.partition;
  let total = 0;
  for (const candidate of candidates) if (candidate.hasLeader) total += longest + 1 - candidate.queueLength;
  let left = random * total;
  let last = 0;
  for (const candidate of candidates) {
    if (!candidate.hasLeader) continue;
    last = candidate.partition;
    left -= longest + 1 - candidate.queueLength;
    if (left < 0) return last;
  }
  return last;
}
