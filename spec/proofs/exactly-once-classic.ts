import { type Proof } from '../support/proof.js';
import { exactlyOnceProof } from './support/exactly-once-run.js';

export const proof: Proof = exactlyOnceProof({
  name: 'exactly-once-classic',
  describe: 'exactly once under classic groups while processes and brokers are killed',
  protocol: 'classic',
  members: 'dynamic',
  killEveryMs: 15_000,
});
