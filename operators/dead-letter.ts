import type { Leased } from '../src/model/lease.js';
import type { RecordSink } from '../src/model/record-sink.js';
import type { Bytes } from '../src/model/topic-partition.js';
import { headersAfterFailure } from './failure-headers.js';
import type { Failure, FailurePolicy } from './failure-policy.js';
import { recordsOf } from './internal/leases.js';
import { invalid } from './internal/options.js';
import { Outbox, checkSink } from './internal/outbox.js';

/**
 * A failure policy that writes the record that failed to another topic and goes on. Key and value are the bytes that were
 * read, headers are kept and followed by where the record came from and why it failed (`failureHeaders`); the timestamp is
 * new, so that retention counts from the failure. Of a batch every record is written.
 *
 * The element is acknowledged only after the sink acknowledged the dead letter. When that fails, the stream fails with the
 * sink's error and the record is not lost: at least once, so a dead letter may be there twice after a crash.
 *
 * @param topic - a name, or a function of the failure
 * @throws InvalidOptionError at the call.
 * @example
 * ```ts
 * orders$.pipe(processEach(handle, { retry: 3, onFailure: deadLetter(producer.bytes, 'orders.dlq') }), commitOffsets())
 * ```
 * @public
 */
export function deadLetter(
  sink: RecordSink<Bytes | null, Bytes | null>,
  topic: string | ((failure: Failure<Leased>) => string),
): FailurePolicy<Leased> {
  const where = 'deadLetter';
  checkSink(where, sink);
  if ((typeof topic !== 'string' || topic === '') && typeof topic !== 'function')
    throw invalid(where, 'topic', topic, 'it must be the name of a topic or a function of the failure');
  const outbox = new Outbox(sink);
  return {
    name: where,
    handle: (failure) => {
      const to = typeof topic === 'function' ? topic(failure) : topic;
      return outbox.write(
        recordsOf(failure.item).map((record) => ({
          topic: to,
          key: record.keyBytes,
          value: record.valueBytes,
          headers: headersAfterFailure(record, failure, null),
        })),
      );
    },
  };
}
