import { type Proof } from '../support/proof.js';
import { exactlyOnceProof } from './support/exactly-once-run.js';

export const proof: Proof = exactlyOnceProof({
  name: 'exactly-once-consumer',
  describe: 'exactly once under KIP-848 groups while processes and brokers are killed',
  protocol: 'consumer',
  members: 'dynamic',
  killEveryMs: 15_000,
});
