import { type Proof } from '../support/proof.js';
import { idempotenceProof } from './support/idempotence-run.js';

export const proof: Proof = idempotenceProof({
  name: 'idempotence-a',
  describe:
    'blackouts shorter than deliveryTimeoutMs: every record acknowledged, in the log once and in the order sent',
  mayFail: false,
  scales: {
    short: {
      brokers: 2,
      partitions: 4,
      records: 30_000,
      durationMs: 6500,
      longestBlackoutMs: 1500,
      calmMs: 2000,
      longestLateMs: 800,
      requestTimeoutMs: 800,
      deliveryTimeoutMs: 120_000,
      allReaders: false,
    },
    full: {
      brokers: 3,
      partitions: 12,
      records: 2_000_000,
      durationMs: 300_000,
      longestBlackoutMs: 20_000,
      calmMs: 14_000,
      longestLateMs: 5000,
      requestTimeoutMs: 8000,
      deliveryTimeoutMs: 120_000,
      allReaders: true,
    },
  },
});
