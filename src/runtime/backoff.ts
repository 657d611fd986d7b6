/**
 * How long to wait before a try: doubles from `initialMs` up to `maxMs`, spread by 20 % to both sides, so that clients that
 * failed together do not come back together (KIP-580).
 * @param attempt - 0 for the first retry
 */
export function backoffMs(attempt: number, initialMs: number, maxMs: number, random: () => number): number {
  const base = Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30));
  return Math.round(base * (0.8 + 0.4 * random()));
}
