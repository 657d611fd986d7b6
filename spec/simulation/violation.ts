/** An invariant that did not hold, and when. */
export interface Violation {
  readonly invariant: string;
  readonly text: string;
  /** Milliseconds of virtual time. */
  readonly at: number;
}
