/** What a producer counts; never reset. */
export interface ProducerCounters {
  recordsDelivered: number;
  recordsFailed: number;
  /** Attempts after the first one, by batch. */
  retries: number;
  requests: number;
  batches: number;
  /** Frames as written, after compression. */
  bytes: number;
}

export function newCounters(): ProducerCounters {
  return { recordsDelivered: 0, recordsFailed: 0, retries: 0, requests: 0, batches: 0, bytes: 0 };
}
