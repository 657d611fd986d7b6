import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { resolveProducerOptions } from '../../src/observables/producer-options.js';

function refusal(options: unknown, requestTimeoutMs?: number): InvalidOptionError {
  try {
    resolveProducerOptions(options, requestTimeoutMs);
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
  }
  throw new Error('was not refused');
}

it('[PO3, PO4, PO5, PO6, PO7, PO8, PO9, PO10, PO19] has the defaults of the Java client, batches of 256 KiB aside', () => {
  expect(resolveProducerOptions()).toEqual({
    keySerializer: null,
    valueSerializer: null,
    acks: 'all',
    enableIdempotence: true,
    compression: { type: 'none', level: undefined },
    partitioner: null,
    lingerMs: 5,
    batchSize: 262144,
    bufferMemory: 33554432,
    maxBlockMs: 60000,
    maxRequestSize: 1048576,
    maxInFlightRequests: 5,
    deliveryTimeoutMs: 120000,
    retries: 2147483647,
  });
});

it.each([
  [{ acks: 2 }, 'acks'],
  [{ acks: '1' }, 'acks'],
  [{ acks: -1 }, 'acks'],
  [{ compression: 'brotli' }, 'compression'],
  [{ compression: { type: 'snappy', level: 3 } }, 'compression'],
  [{ compression: { type: 'gzip', level: 12 } }, 'compression'],
  [{ maxInFlightRequests: 6 }, 'maxInFlightRequests'],
  [{ maxInFlightRequests: 0 }, 'maxInFlightRequests'],
  [{ keySerializer: {} }, 'keySerializer'],
  [{ valueSerializer: (value: string) => value }, 'valueSerializer'],
  [{ partitioner: 'murmur2' }, 'partitioner'],
  [{ deliveryTimeoutMs: 30004 }, 'deliveryTimeoutMs'],
  [{ bufferMemory: 1000 }, 'bufferMemory'],
  [{ enableIdempotence: true, acks: 1 }, 'acks'],
  [{ enableIdempotence: true, retries: 0 }, 'retries'],
] as const)('[B64, P12, PO3, PO4, PO5, PO6] refuses %j', (options, option) => {
  expect(refusal(options)).toMatchObject({ option, value: (options as Record<string, unknown>)[option] });
});

it('checks the delivery timeout against linger and the request timeout, and stretches its default', () => {
  expect(resolveProducerOptions({ deliveryTimeoutMs: 1005 }, 1000).deliveryTimeoutMs).toBe(1005);
  expect(refusal({ deliveryTimeoutMs: 1004 }, 1000).message).toMatch(/lingerMs \+ requestTimeoutMs = 1005, got 1004/);
  expect(resolveProducerOptions({ lingerMs: 200_000 }).deliveryTimeoutMs).toBe(230_000);
});

it.each([{ acks: 1 }, { acks: 0 }, { retries: 0 }, { enableIdempotence: false }])(
  'has no idempotence with %j',
  (options) => {
    expect(resolveProducerOptions(options).enableIdempotence).toBe(false);
  },
);

it.each([
  ['brokers', /bootstrapServers/],
  ['idempotent', /did you mean enableIdempotence/],
  ['createPartitioner', /did you mean partitioner/],
  ['linger.ms', /did you mean lingerMs/],
  ['queue.buffering.max.ms', /did you mean lingerMs/],
  ['compression.codec', /did you mean compression/],
  ['batch.num.messages', /batchSize/],
  ['linger_ms', /did you mean lingerMs/],
  ['max_batch_size', /did you mean batchSize/],
  ['compression_type', /did you mean compression/],
  ['enable_idempotence', /did you mean enableIdempotence/],
  ['max_request_size', /did you mean maxRequestSize/],
  ['transactionalId', /kafka.transactionalProducer/],
  ['requestTimeoutMs', /new Kafka\(\{ requestTimeoutMs \}\)/],
  ['bufferMemmory', /did you mean bufferMemory/],
])('recognises %s', (name, message) => {
  expect(refusal({ [name]: 1 }).message).toMatch(message);
});

it('[PO6, N20] takes a compression with its level', () => {
  expect(resolveProducerOptions({ compression: { type: 'zstd', level: 3 } }).compression).toEqual({
    type: 'zstd',
    level: 3,
  });
  expect(resolveProducerOptions({ compression: 'lz4' }).compression).toEqual({ type: 'lz4', level: undefined });
});
