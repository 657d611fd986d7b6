/** What a billing process is told when it starts. */
export interface MemberSetup {
  readonly name: string;
  readonly bootstrapServers: string;
  readonly groupId: string;
  readonly orders: string;
  readonly invoices: string;
  readonly sessionTimeoutMs: number;
  readonly atLeastOnce: boolean;
}

/** What the demo says to a billing process. */
export type MemberCommand =
  | { readonly type: 'stop' }
  /** Answer with `writing` when the next piece of work is half done. */
  | { readonly type: 'tellWriting' };

/** What a billing process reports. */
export type MemberReport =
  | { readonly type: 'assignment'; readonly partitions: readonly number[] }
  | { readonly type: 'invoiced'; readonly count: number }
  /** So many invoices are written and not committed. */
  | { readonly type: 'writing'; readonly count: number }
  | { readonly type: 'failed'; readonly error: string };
