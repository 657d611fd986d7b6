/** How often what happened. */
export class Counts {
  readonly by: Record<string, number> = {};

  add(what: string, times = 1): void {
    this.by[what] = (this.by[what] ?? 0) + times;
  }

  addAll(other: Readonly<Record<string, number>>): void {
    for (const [what, times] of Object.entries(other)) this.add(what, times);
  }
}
