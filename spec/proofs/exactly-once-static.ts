import { type Proof } from '../support/proof.js';
import { exactlyOnceProof } from './support/exactly-once-run.js';

export const proof: Proof = exactlyOnceProof({
  name: 'exactly-once-static',
  describe: 'exactly once with static members, one of which is killed every five seconds',
  protocol: 'classic',
  members: 'static',
  killEveryMs: 5000,
});
