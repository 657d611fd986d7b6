/** Chance for operators on streams that carry no Runtime, in [0, 1); specs pass their own. */
export function chance(): number {
  return Math.random();
}
