/** A record that a producer of the workload sent, and what it was told about it. */
export interface SentRecord {
  readonly value: string;
  readonly topic: string;
  /** What the producer promises. */
  readonly promise: 'idempotent' | 'all' | 'leader';
  readonly producer: string;
  /** Order of sending. */
  readonly number: number;
  state: 'pending' | 'acknowledged' | 'failed';
  partition: number;
  offset: number;
  mayHaveBeenWritten: boolean;
}
