/**
 * What the processes of a rebalance storm write down. `t` is `process.hrtime` in milliseconds: one clock for all processes of a
 * host. `p` is the partition, `s` the assignment epoch of its stream in that process, `o` an offset.
 */
export type StormLine = { readonly t: number } & (
  | { readonly e: 'started' | 'closing' | 'closed' | 'commitFailed' | 'failed'; readonly text?: string }
  /** A stream of a partition began. */
  | { readonly e: 'opened'; readonly p: number; readonly s: number }
  /** A record reached the handler; its work is done. */
  | { readonly e: 'delivered' | 'done'; readonly p: number; readonly s: number; readonly o: number }
  /** A commit of that offset was answered. */
  | { readonly e: 'answer'; readonly p: number; readonly o: number; readonly outcome: string }
  /** The partition is to be given up. */
  | { readonly e: 'revoking'; readonly p: number; readonly s: number }
  | { readonly e: 'ended'; readonly p: number; readonly s: number; readonly why: string }
  /** The deadline of a drain passed: from that offset on somebody else repeats it. */
  | { readonly e: 'abandoned'; readonly p: number; readonly o: number }
  /** A sample of a partition that is neither new nor given up and yet does not deliver. */
  | { readonly e: 'paused'; readonly p: number; readonly s: number; readonly why: readonly string[] }
  /** The longest time that this process did not get to its events, since the last such line. */
  | { readonly e: 'loop'; readonly ms: number }
);

/** Everything one process wrote down. */
export interface StormLog {
  readonly name: string;
  /** By kill -9: what it held then ended without a word. */
  readonly killed: boolean;
  readonly lines: readonly StormLine[];
}

/** One JSON object per line; the last one may be cut off where the process was killed. */
export function parseStormLog(name: string, killed: boolean, text: string): StormLog {
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = complete.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as StormLine]));
  return { name, killed, lines };
}
