import { type Proof } from '../support/proof.js';
import { idempotenceProof } from './support/idempotence-run.js';

export const proof: Proof = idempotenceProof({
  name: 'idempotence-b',
  describe: 'blackouts longer than deliveryTimeoutMs: no record twice, errors are true, order holds, sending goes on',
  mayFail: true,
  scales: {
    short: {
      brokers: 2,
      partitions: 4,
      records: 30_000,
      durationMs: 7000,
      longestBlackoutMs: 2500,
      calmMs: 2000,
      longestLateMs: 800,
      requestTimeoutMs: 600,
      deliveryTimeoutMs: 1000,
      allReaders: false,
    },
    full: {
      brokers: 3,
      partitions: 12,
      records: 600_000,
      durationMs: 420_000,
      longestBlackoutMs: 60_000,
      calmMs: 10_000,
      longestLateMs: 5000,
      requestTimeoutMs: 4000,
      deliveryTimeoutMs: 10_000,
      allReaders: true,
    },
  },
});
